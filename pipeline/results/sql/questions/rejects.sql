-- Why articles or files were rejected, with an example
SELECT stage, reason, count(*) AS n, min(source_uri) AS source, min(message) AS message
FROM rejects GROUP BY ALL ORDER BY n DESC, reason;
