-- Pairs of names of two types in sentences of results, which tell findings and not what is known
SELECT article_id, type1, exact1, type2, exact2, round(score, 2) AS score, sentence_text
FROM pairs
WHERE list_contains(sections, 'RESULTS') AND type1 <> type2 AND shared = 'sentence'
ORDER BY score DESC, article_id, annotation_id1, annotation_id2 LIMIT 100;
