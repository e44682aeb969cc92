-- Mentions with the lowest scores, to see what a higher --min-score would leave out
SELECT type, exact, round(score, 3) AS score, article_id, sentence_text
FROM mentions ORDER BY mentions.score, annotation_id LIMIT 50;
