-- Articles in which nothing, or little, was found
SELECT article_id, title, n_annotations, n_sentences, length(text) AS characters
FROM articles ORDER BY n_annotations, article_id LIMIT 50;
