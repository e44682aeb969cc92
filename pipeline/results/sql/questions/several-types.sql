-- Names that were given several types: ambiguous ones, and mistakes
SELECT min(name) AS name, map_from_entries(list((type, n) ORDER BY n DESC, type)) AS types,
       sum(n)::BIGINT AS mentions
FROM (SELECT fold_name(exact) AS folded, mode(exact) AS name, type, count(*) AS n
      FROM mentions GROUP BY folded, type)
GROUP BY folded HAVING count(*) > 1 ORDER BY mentions DESC, name LIMIT 100;
