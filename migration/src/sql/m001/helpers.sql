CREATE FUNCTION platform.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION platform.set_updated_at() IS 'Keeps updated_at on every table that has it';

-- For rows that are born in the database: definer functions give keys in time order, as the server does.
CREATE FUNCTION platform_private.uuid_v7() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid()) PLACING
                substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6),
            52, 1), 53, 1),
        'hex')::uuid;

COMMENT ON FUNCTION platform_private.uuid_v7() IS 'A UUID of version 7: 48 bits of milliseconds, then chance';
