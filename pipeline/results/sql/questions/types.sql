-- How many mentions, names and articles each type has
SELECT type, count(*) AS mentions, count(DISTINCT term) AS names,
       count(DISTINCT (run, key)) AS articles, round(avg(score), 3) AS mean_score
FROM mentions GROUP BY type ORDER BY mentions DESC;
