-- Chemicals and diseases that share a sentence, by the number of articles that say so
SELECT mode(exact1) AS chemical, mode(exact2) AS disease, count(DISTINCT article_id) AS articles,
       count(*) AS pairs, min(sentence_text) AS sentence
FROM pairs WHERE type1 = 'CD' AND type2 = 'DS' AND shared = 'sentence'
GROUP BY term1, term2 ORDER BY articles DESC, pairs DESC, chemical, disease LIMIT 50;
