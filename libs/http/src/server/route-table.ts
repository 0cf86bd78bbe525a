/** The routes there are, to tell "no such route" from "not with this method". */
export class RouteTable {
  private readonly routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  add(method: string | readonly string[], url: string): void {
    const route = this.routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    for (const name of [method].flat()) route.methods.add(name);
    this.routes.set(url, route);
  }

  /** Methods of every route that the path matches, sorted. */
  methodsOf(path: string): readonly string[] {
    const methods = new Set<string>();
    for (const { pattern, methods: taken } of this.routes.values())
      if (pattern.test(path)) for (const it of taken) methods.add(it);
    return [...methods].toSorted();
  }
}

function patternOf(url: string): RegExp {
  const steps = url.split('/').map((step) => (step.startsWith(':') ? '[^/]+' : step === '*' ? '.*' : literal(step)));
  return new RegExp(`^${steps.join('/')}$`);
}
const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
