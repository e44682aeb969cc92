-- What articles are about: names in their titles
SELECT type, mode(exact) AS name, count(DISTINCT article_id) AS articles, min(title) AS title
FROM mentions WHERE section = 'TITLE'
GROUP BY type, term ORDER BY articles DESC, type, name LIMIT 100;
