-- Names in captions of figures, with the section that each figure stands in
SELECT article_id, type, exact, path[-1] AS stands_in, sentence_text
FROM mentions WHERE list_contains(sections, 'FIG')
ORDER BY article_id, start LIMIT 200;
