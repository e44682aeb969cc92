-- Names of two types in one row of a table
SELECT article_id, type1, exact1, type2, exact2, round(score, 2) AS score
FROM pairs WHERE shared = 'table row' AND type1 <> type2
ORDER BY article_id, annotation_id1, annotation_id2 LIMIT 200;
