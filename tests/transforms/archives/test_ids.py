"""Promises of identifiers: those in an article's own front matter."""

import pytest

from transforms.archives import quick_article_id


class TestQuickId:
    """The id in an article's own front matter."""

    SHA = "0123456789abcdef" * 4

    def id_of(self, meta: str, before: str = "") -> str:
        """The id of an article with this front matter."""
        xml = f"<article>{before}<front><article-meta>{meta}</article-meta></front></article>"
        return quick_article_id(xml.encode(), self.SHA)

    @pytest.mark.parametrize(
        ("meta", "expected"),
        [
            ('<article-id pub-id-type="pmcid">123</article-id>', "PMC123"),
            ("<article-id a='b' pub-id-type = 'pmc'> PMC0123 </article-id>", "PMC123"),
            (
                '<article-id pub-id-type="pmid">9</article-id>'
                '<article-id pub-id-type="pmcaid">77</article-id>'
                '<article-id pub-id-type="pmcaiid">88</article-id>',
                "PMC77",
            ),
            ('<article-id pub-id-type="pmid">9</article-id>', "MED:9"),
            (
                '<article-id pub-id-type="pmid"/>'
                '<article-id pub-id-type="doi">10.1/Ab</article-id>',
                "DOI:10.1/Ab",
            ),
            ('<article-id pub-id-type="doi">10.1/a&lt;b&#62;</article-id>', "DOI:10.1/a<b>"),
            ('<!-- <article-id pub-id-type="pmc">1</article-id> -->', "SRC:0123456789abcdef"),
            ('<article-id pub-id-type="publisher-id">7</article-id>', "SRC:0123456789abcdef"),
        ],
    )
    def test_kinds(self, meta, expected):
        """PMCID, else PMID, else DOI, else a hash of the bytes."""
        assert self.id_of(meta) == expected

    def test_only_the_own_front(self):
        """Ids of sub-articles, references and comments are not the article's."""
        other = '<article-meta><article-id pub-id-type="pmc">5</article-id></article-meta>'
        sub = f"<sub-article><front>{other}</front></sub-article>"
        xml = f"<article><!--{other}--><front/>{sub}</article>"
        assert quick_article_id(xml.encode(), self.SHA).startswith("SRC:")
        assert self.id_of("", f"<!-- {other} -->").startswith("SRC:")
        own = '<article-id pub-id-type="pmc">6</article-id>'
        for hidden in (f"<!--{other}-->", "<!-- </article-meta> -->", f"<![CDATA[{other}]]>"):
            assert self.id_of(hidden + own, hidden) == "PMC6"
