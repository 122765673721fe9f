SET ROLE ogelbase_app; SET search_path = pg_catalog; SET timezone = 'UTC';
SET plan_cache_mode = force_generic_plan; SET random_page_cost = 1.1; SET enable_bitmapscan = off; SET jit = off;
