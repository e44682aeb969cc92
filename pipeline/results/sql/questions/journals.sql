-- Articles and mentions by journal
SELECT journal, count(*) AS articles, sum(n_annotations)::BIGINT AS mentions
FROM articles WHERE is_main GROUP BY journal ORDER BY articles DESC, journal LIMIT 50;
