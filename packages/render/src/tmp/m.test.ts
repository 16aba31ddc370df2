import { test } from 'vitest';
import { evaluateSH, evaluateSHSeries } from '../light/sh/basis.js';
import { monomial, monomialBasis } from '../light/sh/monomials.js';
import { randn, elementwise, profile, tensor } from '@chiaro/tensor';
import { vjp } from '/work/main/packages/tensor/src/expr/index.js';
test('m', async () => {
  const N=9409; const x = randn([N,3]); const d = x.div(x.square().sum(1,true).sqrt()); await d.data();
  const C = randn([81,3]); await C.data();
  for (let r=0;r<3;r++) {
    const b2 = await profile(async()=> { const y = evaluateSH(d); await y.data();});
    console.log('C', b2.totalMs, b2.compiled, String(b2).slice(0,600));
    const b3 = await profile(async()=> { const y = evaluateSHSeries(d, C); await y.data();});
    console.log('series', b3.totalMs, b3.compiled, String(b3).slice(0,600));
    const v = vjp(monomial, [true,true,true,false,false,false]);
    const g = randn([N,81]); await g.data(); const {exponents}=monomialBasis(8);
    const [i, j, k] = [0, 1, 2].map((axis) => tensor(Int32Array.from(exponents, (e) => e[axis])));
    const bb = await profile(async()=> { const y = elementwise(v, d.unsqueeze(1), i, j, k, g).sum(1); await y.data();});
    console.log('vjp', bb.totalMs, bb.compiled, String(bb).slice(0,800));
  }
}, 300000);
