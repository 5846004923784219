import { typeOfId } from '../../src/schema/node';

describe('typeOfId', () => {
  it.each([
    ['agt_01h455vb4pex5vsknk084sn02q', 'Agent'],
    ['chn_01h455vb4pex5vsknk084sn02q', 'WhatsAppChannel'],
    ['act_01h455vb4pex5vsknk084sn02q', 'TemplateActivation'],
    ['ddl_01h455vb4pex5vsknk084sn02q', 'DeadLetter'],
  ])('knows %s', (id, type) => {
    expect(typeOfId(id)).toBe(type);
  });

  it.each(['prm_01h455vb4pex5vsknk084sn02q', 'xyz_1', 'agt', '', '__proto___1'])(
    'knows no type of %p',
    (id) => {
      expect(typeOfId(id)).toBeUndefined();
    },
  );
});
