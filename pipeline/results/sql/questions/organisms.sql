-- Which organism each article names most
SELECT article_id, mode(exact) AS organism, count(*) AS n, min(title) AS title
FROM mentions WHERE type = 'OG' GROUP BY run, key, article_id, term
QUALIFY row_number() OVER (PARTITION BY run, key ORDER BY count(*) DESC, mode(exact)) = 1
ORDER BY n DESC, article_id;
