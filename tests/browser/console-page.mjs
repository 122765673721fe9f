/** The console as a person sees it: what is on the page, found by role and label. */
export class ConsolePage {
  constructor(page) {
    this.page = page;
    this.bar = page.getByRole('banner', { name: 'Console' });
    this.query = page.locator('.graphiql-query-editor .view-lines');
    this.response = page.locator('.graphiql-response .view-lines');
  }

  async open(url) {
    const response = await this.page.goto(`${url}/graphiql`);
    await this.query.waitFor();
    return response;
  }

  async pickDemoAccount(label) {
    await this.bar.getByRole('button', { name: 'Demo accounts' }).click();
    await this.page.getByRole('menuitem', { name: label }).first().click();
  }

  async signIn(email, password) {
    await this.bar.getByLabel('E-mail').fill(email);
    await this.bar.getByLabel('Password').fill(password);
    await this.bar.getByRole('button', { name: 'Sign in' }).click();
  }

  async giveCode(code) {
    const form = this.bar.getByRole('form', { name: 'Second factor' });
    await form.getByLabel('Code').fill(code);
    await form.getByRole('button', { name: 'Sign in' }).click();
  }

  async seesSignedIn(email) {
    await this.bar.getByText(`Signed in as ${email}`).waitFor();
  }

  async signOut() {
    await this.bar.getByRole('button', { name: 'Sign out' }).click();
    await this.bar.getByRole('form', { name: 'Sign in' }).waitFor();
  }

  async examples() {
    await this.bar.getByRole('button', { name: 'Examples' }).click();
    const titles = await this.page.getByRole('menuitem').allTextContents();
    await this.page.keyboard.press('Escape');
    return titles;
  }

  /** Opens an example in a tab of its own and returns its text. */
  async openExample(title) {
    await this.bar.getByRole('button', { name: 'Examples' }).click();
    await this.page.getByRole('menuitem', { name: title, exact: true }).click();
    await this.query.filter({ hasText: /query|mutation|subscription/ }).waitFor();
    // GraphiQL reads the new text a moment later; only then it knows which operation to run.
    await this.page.locator('.graphiql-tab-active').filter({ hasNotText: 'untitled' }).waitFor();
    return textOf(this.query);
  }

  /**
   * Presses the run button. Returns the response as shown, and whole: the editor draws only the lines in view.
   */
  async run() {
    const answer = this.page.waitForResponse((response) => isOperation(response.request()));
    await this.page.getByRole('button', { name: /^Execute query/ }).click();
    const response = await answer;
    await this.response.filter({ hasText: /"(data|errors)"/ }).waitFor();
    return { shown: await textOf(this.response), result: await response.json(), request: response.request() };
  }

  /** Presses the run button for events, and the stop button once one is shown, which it returns. */
  async runUntilEvent() {
    await this.page.getByRole('button', { name: /^Execute query/ }).click();
    await this.response.filter({ hasText: /"(data|errors)"/ }).waitFor();
    const shown = await textOf(this.response);
    await this.page.getByRole('button', { name: /^Stop query/ }).click();
    return shown;
  }

  async openDocs() {
    await this.page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await this.page.locator('.graphiql-doc-explorer').waitFor();
  }
}

/** A GraphQL request other than GraphiQL's own for the schema. */
function isOperation(request) {
  return new URL(request.url()).pathname === '/graphql' && !request.postData()?.includes('__schema');
}

/** Monaco writes non-breaking spaces. */
async function textOf(locator) {
  return (await locator.innerText()).replaceAll('\u00a0', ' ');
}
