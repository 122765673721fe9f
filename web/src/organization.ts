const STORAGE_KEY = 'ogelbase.organization';

let slug = sessionStorage.getItem(STORAGE_KEY) ?? '';

/** The organization to act in, sent as `X-Organization`; empty means the user's active one. */
export const getOrganization = (): string => slug;

export function setOrganization(value: string): void {
  slug = value.trim();
  sessionStorage.setItem(STORAGE_KEY, slug);
}
