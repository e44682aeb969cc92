"""CURIEs in, public addresses out: the one table of the databases' prefixes."""

# Prefixes as identifiers.org has them. Some databases have theirs in the identifier itself.
PREFIXES = {
    "CAS": "cas:",
    "CGNC": "cgnc:",
    "CHEBI": "CHEBI:",
    "DOID": "DOID:",
    "DRUGBANK": "drugbank:",
    "FB": "fb:",
    "HGNC": "hgnc:",
    "MESH": "mesh:",
    "MGI": "MGI:",
    "MONDO": "MONDO:",
    "NCBIGene": "ncbigene:",
    "NCBITaxon": "taxonomy:",
    "OMIM": "mim:",
    "OMIMPS": "mim.ps:",
    "PomBase": "pombase:",
    "RGD": "rgd:",
    "SGD": "sgd:",
    "UniProtKB": "uniprot:",
    "ZFIN": "zfin:",
}


def uri_of(curie: str) -> str:
    """The address of a concept. A prefix that is not known stands as it is.

    >>> uri_of("NCBIGene:7157"), uri_of("CHEBI:6801")
    ('https://identifiers.org/ncbigene:7157', 'https://identifiers.org/CHEBI:6801')
    """
    database, _, local = curie.partition(":")
    return f"https://identifiers.org/{PREFIXES.get(database, f'{database}:')}{local}"
