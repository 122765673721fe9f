import { ChevronDownIcon, DropdownMenu, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { EXAMPLES } from './examples';

export function ExamplesMenu() {
  const { addTab } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);

  function open(query: string) {
    addTab();
    queryEditor?.setValue(query);
  }

  return (
    <DropdownMenu>
      <DropdownMenu.Button className="console-menu" disabled={!queryEditor}>
        Examples <ChevronDownIcon aria-hidden="true" />
      </DropdownMenu.Button>
      <DropdownMenu.Content className="console-menu-items" aria-label="Examples">
        {EXAMPLES.map(({ title, query }) => (
          <DropdownMenu.Item key={title} onSelect={() => open(query)}>
            {title}
          </DropdownMenu.Item>
        ))}
      </DropdownMenu.Content>
    </DropdownMenu>
  );
}
