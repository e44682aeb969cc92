-- Names with the most spellings
SELECT type, name, mentions, len(spellings) AS n, spellings
FROM terms WHERE len(spellings) > 1 ORDER BY n DESC, mentions DESC, name LIMIT 50;
