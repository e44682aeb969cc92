-- Where in articles each type is found; a combined section counts for each of its codes
SELECT code AS section, count(*) AS mentions,
       count(*) FILTER (type = 'GP') AS genes, count(*) FILTER (type = 'DS') AS diseases,
       count(*) FILTER (type = 'CD') AS chemicals, count(*) FILTER (type = 'OG') AS organisms
FROM (SELECT type, unnest(sections) AS code FROM mentions)
GROUP BY code ORDER BY mentions DESC;
