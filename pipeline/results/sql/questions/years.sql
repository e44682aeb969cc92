-- Articles and mentions by year of publication
SELECT a.year, count(*) AS articles, sum(a.n_annotations)::BIGINT AS mentions,
       round(avg(a.n_annotations), 1) AS mentions_an_article
FROM articles a WHERE a.is_main GROUP BY a.year ORDER BY a.year;
