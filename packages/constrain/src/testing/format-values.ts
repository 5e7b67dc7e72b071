/** Strings that are of a format, and strings that are not. */
interface FormatValues {
  readonly valid: readonly string[];
  readonly invalid: readonly string[];
}

const longLabel = 'a'.repeat(30);

/** Values of each format that is enforced. */
export const formatValues: Readonly<Record<string, FormatValues>> = {
  date: {
    valid: ['2024-02-29', '2000-02-29', '2023-02-28', '1999-12-31', '2023-04-30', '0000-02-29', '9999-01-01'],
    invalid: [
      ...['2023-02-29', '1900-02-29', '2100-02-29', '2023-02-31', '2023-04-31', '2023-06-31', '2024-02-30'],
      ...[
        '2023-13-01',
        '2023-00-10',
        '2023-01-00',
        '2023-01-32',
        '99999-01-01',
        '2023-1-01',
        '23-01-01',
        '2023-01-01T',
      ],
    ],
  },
  time: {
    valid: [
      ...['00:00:00Z', '23:59:59.123456Z', '08:30:06+02:00', '08:30:06-23:59', '12:00:00-00:00'],
      ...['23:59:60Z', '23:59:60.5+00:00', '15:59:60-08:00', '01:29:60+01:30', '00:29:60-23:30', '22:59:60+23:00'],
    ],
    invalid: [
      ...['24:00:00Z', '21:60:23Z', '21:59:60Z', '23:59:61Z', '23:59:60+01:00', '23:59:60-01:00', '22:59:60Z'],
      ...[
        '08:30:06',
        '08:30Z',
        '08:30:06.Z',
        '08:30:06+24:00',
        '08:30:06+02:60',
        '08:30:06+0200',
        '8:30:06Z',
        '08:30:06z',
      ],
    ],
  },
  'date-time': {
    valid: [
      '1963-06-19T08:30:06.28Z',
      '1990-12-31T15:59:60-08:00',
      '1998-12-31T23:59:60Z',
      '2024-02-29T00:00:00+01:00',
    ],
    invalid: [
      ...['1986-12-07T21:60:23-10:05', '1986-12-07T21:59:60Z', '2023-02-29T00:00:00Z', '1986-12-07T24:00:00Z'],
      ...['1986-12-07', '1986-12-07T21:59:59', '1986-12-07 21:59:59Z', '1986-12-07t21:59:59Z', '1986-13-07T00:00:00Z'],
    ],
  },
  duration: {
    valid: ['P4DT12H30M5S', 'P4Y', 'P1Y2M3D', 'PT0S', 'P1M', 'PT1M', 'PT36H', 'P1DT12H', 'P2W', 'P1YT1H'],
    invalid: [
      ...[
        'P',
        'PT',
        'P1',
        '4DT12H30M5S',
        'PT1D',
        'P2D1Y',
        'P1D2H',
        'P2S',
        'P1DT',
        'P1Y2W',
        'P1W2D',
        'P1Y2D',
        'PT1H30S',
      ],
      ...['PT0.5S', 'P-1D', '-P1D', 'P1.5D', 'p1d'],
    ],
  },
  email: {
    valid: [
      'a@b.co',
      'joe.bloggs@example.com',
      'te~st@example.com',
      '~test~@example.com',
      "o'neil+x@ex-a.io",
      'A@B.C.DE',
    ],
    invalid: [
      ...[
        'ab@c',
        'ab',
        '@b.co',
        'a@',
        '.test@example.com',
        'test.@example.com',
        'te..st@example.com',
        'a@-b.co',
        'a@b-.co',
      ],
      ...['a@b..co', 'a@b.co.', '"q"@b.com', 'a@[1.2.3.4]', 'a b@c.de', 'é@b.co', 'a@b@c.de'],
    ],
  },
  hostname: {
    valid: [
      ...['localhost', 'www.example.com', 'xn--4gbwdl.xn--wgbh1c', '1host', 'a-b.c', 'a.b.c.d.e.f.g.h', longLabel],
      `${longLabel}.`.repeat(7) + longLabel,
    ],
    invalid: [
      ...['', '-a', 'a-', 'a..b', '.a', 'a.', 'not_valid', 'a.-b', 'a b', 'é.com', 'a'.repeat(64)],
      `${longLabel}.`.repeat(8) + longLabel,
    ],
  },
  ipv4: {
    valid: ['0.0.0.0', '192.168.0.1', '255.255.255.255', '9.19.99.199', '249.250.1.10'],
    invalid: [
      ...[
        '027.055.216.69',
        '01.2.3.4',
        '1.2.3.00',
        '256.1.1.1',
        '1.2.3',
        '1.2.3.4.5',
        '1.2.3.4/24',
        '1..2.3',
        '0x7f.0.0.1',
      ],
      ...['', '260.1.1.1', '1.2.3.300', '-1.2.3.4', '1.2.3.4.'],
    ],
  },
  ipv6: {
    valid: [
      ...[
        '::',
        '::1',
        '1::',
        '1:2:3:4:5:6:7:8',
        '::abef',
        '1::8',
        '1:2:3:4:5:6:7::',
        '::2:3:4:5:6:7:8',
        '2001:DB8::c001',
      ],
      ...['::ffff:192.168.0.1', '1:2:3:4:5:6:1.2.3.4', '1::d6:192.168.0.1', '1:2::1.2.3.4'],
    ],
    invalid: [
      ...['', ':', ':1', '1:', '12345::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '::g', '1:2:3:4:5:6:7:8::'],
      ...[
        '1:2:3:4::5:6:7:8',
        '::1.2.3',
        '::256.1.1.1',
        '::01.2.3.4',
        '1.2.3.4',
        'fe80::1%eth0',
        '::1/64',
        ':2:3:4:5:6:7:8',
      ],
    ],
  },
  uri: {
    valid: [
      ...[
        'http://foo.bar/?baz=qux#quux',
        'http://foo.com/blah_(wikipedia)_blah#cite-1',
        'mailto:a@b.co',
        'tel:+1-816-555-1212',
      ],
      ...[
        'http://x:y@[2001:db8::7]:80/c?d',
        'ldap://[2001:db8::7]/c=GB?objectClass?one',
        'file:///etc/hosts',
        'urn:isbn:1',
      ],
      ...[
        'http://foo.bar/?q=Test%20x',
        "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com",
        'a:',
        'data:,A',
        'http://1.2.3.4',
      ],
    ],
    invalid: [
      ...['', '//foo.bar/?baz', '/abc', 'abc', '\\\\WINDOWS\\fileshare', 'http:// x', ':// should fail', 'bar,baz:foo'],
      ...[
        'http://[::1',
        'http://[1::2::3]/',
        'http://a/%zz',
        'http://a/{b}',
        'http://a/"x"',
        'http://a/é',
        'http://a:b/',
        '1:a',
      ],
      ...['http://a/<b>', 'http://a/^', 'http://a#b#c', 'http://a b', 'http://a/`', 'http://a/|'],
    ],
  },
  'uri-reference': {
    valid: [
      ...[
        'http://foo.bar/?baz=qux#quux',
        '//foo.bar/?baz=qux',
        '/abc',
        'abc',
        '',
        '#fragment',
        '?q',
        'a/b:c',
        './a:b',
        '../',
      ],
    ],
    invalid: ['\\\\WINDOWS\\fileshare', '#frag\\ment', 'a"b', '1:b', 'a b', 'a%b', '{a}', '//[::1', 'é'],
  },
  'uri-template': {
    valid: [
      ...[
        'http://example.com/dictionary/{term:1}/{term}',
        'a%20{+b,c:3}',
        'map?{x,y}',
        '{/list*}{?a.b}',
        '{#x}',
        '',
        'dictionary',
      ],
    ],
    invalid: [
      '{',
      '}',
      '{}',
      '{a',
      'a}',
      '{a b}',
      '{a:0}',
      '{a:10000}',
      '{"}',
      '{%zz}',
      'a"b',
      "a'b",
      'a b',
      '{a*:3}',
      '{.a.}',
      '<a>',
    ],
  },
  uuid: {
    valid: [
      '2eb8aa08-aa98-11ea-b4aa-73b441d16380',
      '2EB8AA08-AA98-11EA-B4AA-73B441D16380',
      '00000000-0000-0000-0000-000000000000',
    ],
    invalid: [
      ...[
        '',
        '2eb8aa08-aa98-11ea-b4aa-73b441d1638',
        '2eb8aa08-aa98-11ea-73b441d16380',
        '2eb8aa08aa9811eab4aa73b441d16380',
      ],
      ...[
        '2eb8aa08-aa98-11ea-b4ga-73b441d16380',
        '{2eb8aa08-aa98-11ea-b4aa-73b441d16380}',
        '2eb8aa08-aa98-11ea-b4aa-73b441d163800',
      ],
    ],
  },
  'json-pointer': {
    valid: ['', '/', '/foo/0', '//', '/a~1b~0', '/c%d', '/"k"', '/i\\j', '/é', '/ ', '/foo/-'],
    invalid: ['a', '0', '#', '#/a', '/foo/~', '/~2', '/~-1', '/~~', '/~0~', 'a/a'],
  },
  'relative-json-pointer': {
    valid: ['0', '1', '10', '0#', '1/0', '2/0/baz/1/zip', '0/"k"', '0/i\\j', '1/~0~1', '120/é', '0/foo'],
    invalid: ['', '/foo/bar', '-1/foo', '+1/foo', '0##', '01/a', '01#', '0a', '0/~2', '#', '0/a~', '0#/a'],
  },
};
