-- Articles by licence: what may be done with the text
SELECT license, count(*) AS articles, min(article_id) AS example
FROM articles WHERE is_main GROUP BY license ORDER BY articles DESC, license;
