"""What a worker installs: the three packages, and the model folders as their data."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
[VERSION] = re.findall(r'^__version__ = "(.+)"$', (ROOT / "pipeline/__init__.py").read_text(), re.M)

COMPLETION = ["shtab>=1.7"]
EXPORT = ["onnx>=1.17", "torch>=2.4", "transformers>=4.46"]
EVALUATE = ['nervaluate>=1.2; python_version >= "3.11"']
QUANTIZE = ["onnx>=1.17"]
S3 = ["boto3>=1.35", "botocore>=1.35"]
SPACY = ["spacy>=3.7"]
SQL = ["duckdb>=1.1"]

setup(
    name="article-annotator",
    version=VERSION,
    description="Distributed named entity annotation of biomedical articles, with exact offsets",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    classifiers=[
        "Intended Audience :: Science/Research",
        "Operating System :: MacOS",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Bio-Informatics",
        "Topic :: Text Processing :: Linguistic",
    ],
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["pipeline*", "transforms*", "models*"]),
    package_data={
        "transforms.sections": ["*.tsv"],
        # A model folder is data, not a package: models/NAME/{model.onnx, tokenizer.json, ...}.
        "pipeline.results": ["sql/*.sql", "sql/questions/*.sql", "templates/*"],
        "models": [
            *("*/*.json", "*/*.onnx", "*/*.parquet", "*/*.tsv", "*/*.txt", "*/*.md"),
            "*/LICENSE*",
        ],
    },
    entry_points={"console_scripts": ["annotate-articles = pipeline.__main__:start"]},
    install_requires=[
        "apache-beam>=2.70,<3",
        "jinja2>=3.1",
        "lxml>=5.2",
        "markupsafe>=2.1",
        "msgspec>=0.19",
        "numpy>=1.26",
        "onnxruntime>=1.20",
        "pyarrow>=16.1",
        "requests>=2.32",
        "smart-open>=7.1",
        "tokenizers>=0.21",
        "urllib3>=1.26",  # of requests, whose responses raise its errors
    ],
    extras_require={
        "completion": COMPLETION,
        "evaluate": EVALUATE,
        "export": EXPORT,
        "gcs": ["apache-beam[gcp]", "smart-open[gcs]"],
        "quantize": QUANTIZE,
        "s3": S3,
        "spacy": SPACY,
        "sql": SQL,
        "test": [
            *COMPLETION,
            *EVALUATE,
            *QUANTIZE,
            *S3,
            *SQL,
            "build>=1.2",
            "flask>=3.0",  # with moto: a local S3 server
            "flask-cors>=5.0",
            "gcp-storage-emulator>=2024.8",  # a local server of Google Cloud Storage
            "google-cloud-storage>=3.1",
            "hypothesis>=6.100",
            "lxml-stubs>=0.5",
            "moto[s3]>=5.0",
            "mypy>=1.13",
            "polars>=1.0",
            "psutil>=6.0",
            "pytest>=8.3",
            "pytest-benchmark>=5.0",
            "ruff>=0.9",
            "selenium>=4.20",
            "seqeval>=1.2.2",
            "setuptools>=77",  # to build the package without the network
            "sqlglot>=26",
        ],
    },
)
