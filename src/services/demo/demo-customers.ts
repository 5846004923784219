/** A customer of the demo. The numbers are of ranges that no operator gives to anybody. */
export interface DemoCustomer {
  readonly name: string;
  readonly phone: string;
  readonly email: string | null;
  readonly language: 'pt_BR' | 'es' | 'en_US';
  /**
   * How the customer takes part: in the last two weeks' sends, in the scenes of right now (and the two weeks up to the
   * day before), only by writing first, or not at all.
   */
  readonly part: 'HISTORY' | 'SCENE' | 'WRITES_FIRST' | 'OPTED_OUT';
}

type Row = readonly [
  name: string,
  phone: string,
  language: DemoCustomer['language'],
  part?: DemoCustomer['part'],
];

const ROWS: readonly Row[] = [
  ['Carla Menezes', '+5511900000101', 'pt_BR', 'SCENE'],
  ['Rafael Antunes', '+5511900000102', 'pt_BR', 'SCENE'],
  ['Otávio Bastos', '+5511900000103', 'pt_BR', 'WRITES_FIRST'],
  ['Lucía Fernández', '+525500000104', 'es', 'SCENE'],
  ['Grace Whitfield', '+12025550105', 'en_US', 'SCENE'],
  ['Beatriz Nogueira', '+5511900000106', 'pt_BR', 'SCENE'],
  ['Caio Prates', '+5511900000107', 'pt_BR', 'SCENE'],
  ['Daniela Couto', '+5511900000108', 'pt_BR', 'SCENE'],
  ['Eduardo Vilar', '+5521900000109', 'pt_BR'],
  ['Fernanda Pires', '+5521900000110', 'pt_BR'],
  ['Gustavo Rangel', '+5521900000111', 'pt_BR'],
  ['Heloísa Tavares', '+5531900000112', 'pt_BR'],
  ['Igor Sampaio', '+5531900000113', 'pt_BR'],
  ['Júlia Amaral', '+5541900000114', 'pt_BR'],
  ['Karina Lopes', '+5541900000115', 'pt_BR'],
  ['Leandro Brito', '+5551900000116', 'pt_BR'],
  ['Marina Queiroz', '+5551900000117', 'pt_BR'],
  ['Nelson Furtado', '+5561900000118', 'pt_BR'],
  ['Paula Siqueira', '+5561900000119', 'pt_BR'],
  ['Renato Aguiar', '+5571900000120', 'pt_BR'],
  ['Sabrina Moraes', '+5571900000121', 'pt_BR'],
  ['Tiago Linhares', '+5581900000122', 'pt_BR'],
  ['Úrsula Campos', '+5581900000123', 'pt_BR'],
  ['Alejandro Ruiz', '+525500000124', 'es'],
  ['Camilo Ortega', '+525500000125', 'es'],
  ['Elena Vargas', '+525500000126', 'es'],
  ['Joaquín Molina', '+525500000127', 'es'],
  ['Mariana Solís', '+525500000128', 'es'],
  ['Sofía Ibarra', '+525500000129', 'es'],
  ['Adam Pritchard', '+12025550130', 'en_US', 'SCENE'],
  ['Chloe Barnes', '+12025550131', 'en_US'],
  ['Henry Osei', '+12025550132', 'en_US'],
  ['Maya Lindqvist', '+12025550133', 'en_US'],
  ['Noah Castellan', '+12025550134', 'en_US'],
  ['Vicente Paiva', '+5511900000135', 'pt_BR', 'WRITES_FIRST'],
  ['Wanda Freire', '+5511900000136', 'pt_BR', 'WRITES_FIRST'],
  ['Pilar Cisneros', '+525500000137', 'es', 'WRITES_FIRST'],
  ['Zélia Campelo', '+5511900000138', 'pt_BR', 'OPTED_OUT'],
  ['Ramón Esquivel', '+525500000139', 'es', 'OPTED_OUT'],
];

/** An address of those who gave one: first and last name in plain letters. */
function emailOf(name: string, index: number): string | null {
  if (index % 3 === 2) return null;
  const plain = name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return `${plain.replace(/ /g, '.')}@mail.example`;
}

export const DEMO_CUSTOMERS: readonly DemoCustomer[] = ROWS.map(
  ([name, phone, language, part = 'HISTORY'], index) => ({
    name,
    phone,
    email: emailOf(name, index),
    language,
    part,
  }),
);

/** The one who does not want to hear of offers any more: found out by a send that WhatsApp refused to deliver. */
export const STOPPED_MARKETING = 'Nelson Furtado';
