-- Genes or proteins and diseases that share a sentence, by the number of articles that say so
SELECT mode(exact2) AS gene, mode(exact1) AS disease, count(DISTINCT article_id) AS articles,
       count(*) AS pairs, min(sentence_text) AS sentence
FROM pairs WHERE type1 = 'DS' AND type2 = 'GP' AND shared = 'sentence'
GROUP BY term1, term2 ORDER BY articles DESC, pairs DESC, gene, disease LIMIT 50;
