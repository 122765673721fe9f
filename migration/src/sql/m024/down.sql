DROP FUNCTION platform_private.longest_kept(text);
DROP FUNCTION platform_private.delete_expired(text, bigint);
