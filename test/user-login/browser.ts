/** A person with a browser: it keeps cookies by host, follows redirects and presses the only button there is. */
export class TestBrowser {
  /** Who the person is at the authorization server. */
  readonly account: string;
  private readonly cookies = new Map<string, string>();

  constructor(account: string) {
    this.account = account;
  }

  /** One request. Redirects are not followed. */
  async open(
    url: string,
    init: { readonly method?: string; readonly body?: string; readonly headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const { host } = new URL(url);
    const cookie = this.cookies.get(host);
    const headers = {
      "x-account": this.account,
      ...(cookie === undefined ? {} : { cookie }),
      ...(init.method === "POST" ? { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin" } : {}),
      ...init.headers,
    };
    const response = await fetch(url, { redirect: "manual", ...init, headers });
    const set = response.headers.get("set-cookie")?.split(";", 1)[0];
    if (set !== undefined) this.cookies.set(host, set);
    return response;
  }

  /** Opens a link, agrees, and goes where that leads. @param stop does not follow to such an address */
  async logIn(
    link: string,
    stop?: (url: string) => boolean,
  ): Promise<{ readonly url: string; readonly status: number; readonly text: string }> {
    const page = await this.open(link);
    const text = await page.text();
    if (page.status !== 200) return { url: link, status: page.status, text };
    return this.follow(link, await this.agree(link, text), stop);
  }

  /** Presses the button of a page. */
  agree(url: string, page: string): Promise<Response> {
    const check = /name="check" value="([^"]+)"/.exec(page)?.[1] ?? "";
    return this.open(url, { method: "POST", body: new URLSearchParams({ check }).toString() });
  }

  async follow(from: string, first: Response, stop?: (url: string) => boolean): Promise<{ url: string; status: number; text: string }> {
    let [url, response] = [from, first];
    for (let hops = 0; hops < 6; hops += 1) {
      const location = response.headers.get("location");
      if (location === null) return { url, status: response.status, text: await response.text() };
      await response.body?.cancel();
      url = new URL(location, url).href;
      if (stop?.(url) === true) return { url, status: 0, text: "" };
      response = await this.open(url);
    }
    throw new Error("too many redirects");
  }
}
