DROP VIEW platform.databases_with_connection_strings;
DROP VIEW platform.databases_safe;
DROP TABLE platform.database_connection_logs;
DROP TABLE platform.database_metrics;
DROP TABLE platform.databases;
