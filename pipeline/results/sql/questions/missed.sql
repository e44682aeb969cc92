-- Names found in some sentences and not in others of the same article: what may have been missed
WITH found AS MATERIALIZED (
    SELECT run, key, article_id, type, exact, list(DISTINCT sentence) AS sentences,
           ' ' || regexp_replace(exact, '\W+', ' ', 'g') || ' ' AS words
    FROM mentions WHERE length(exact) > 3 GROUP BY ALL
), said AS MATERIALIZED (
    SELECT run, key, sentence, text, ' ' || regexp_replace(text, '\W+', ' ', 'g') || ' ' AS words
    FROM sentences
)
SELECT article_id, type, exact, len(sentences) AS found_in, count(*) AS not_found_in,
       min(text) AS sentence
FROM found JOIN said USING (run, key)
WHERE contains(said.words, found.words)
  AND NOT EXISTS (FROM run_annotations m WHERE (m.run, m.key, m.sentence) = (said.run, said.key, said.sentence)
                  AND contains(m.exact, found.exact))
GROUP BY ALL ORDER BY not_found_in DESC, article_id, exact LIMIT 100;
