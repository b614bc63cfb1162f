import type { Api } from './api.ts';

/**
 * Which methods an address takes, by the routes that are registered from here on; none where there is nothing at it. The router itself answers a method
 * that it does not know as it does an address.
 */
export function allowedMethods(api: Api): (url: string) => string[] {
  const routes: { pattern: RegExp; methods: string[] }[] = [];
  api.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+')}$`);
    routes.push({ pattern, methods: [method].flat() });
  });
  return (url) => {
    const path = url.split('?')[0] ?? '';
    return [...new Set(routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))].sort();
  };
}
