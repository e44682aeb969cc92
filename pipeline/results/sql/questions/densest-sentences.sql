-- Sentences with the most names in them
SELECT article_id, section, count(*) AS mentions, sentence_text
FROM mentions GROUP BY run, key, article_id, sentence, section, sentence_text
ORDER BY mentions DESC, article_id, sentence LIMIT 30;
