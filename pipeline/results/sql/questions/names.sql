-- The twenty commonest names of each type, in how many articles, and how they are spelled
SELECT type, name, concept, mentions, articles, spellings[:5] AS spellings
FROM terms
QUALIFY row_number() OVER (PARTITION BY type ORDER BY mentions DESC, name) <= 20
ORDER BY type, mentions DESC, name;
