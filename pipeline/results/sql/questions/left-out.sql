-- Characters of the articles' XML that were left out of the text, by reason
SELECT entry.key AS reason, sum(entry.value)::BIGINT AS characters, count(*) AS articles
FROM (SELECT unnest(map_entries(excluded)) AS entry FROM articles)
GROUP BY reason ORDER BY characters DESC;
