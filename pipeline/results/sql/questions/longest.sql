-- The longest mentions: names of many words, and mistakes
SELECT type, exact, length(exact) AS characters, article_id, section
FROM mentions ORDER BY characters DESC, annotation_id LIMIT 30;
