-- Names that an article has in its methods and nowhere else: reagents, strains, devices
SELECT article_id, type, mode(exact) AS name, count(*) AS n
FROM mentions GROUP BY run, key, article_id, type, term
HAVING bool_and(list_contains(sections, 'METHODS')) ORDER BY n DESC, article_id, name LIMIT 100;
