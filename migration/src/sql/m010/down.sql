DROP FUNCTION platform_private.sealed_credentials(uuid, text[], inet, text, text);
