import { expect, it } from 'vitest';
import { readAsset } from '../assets/readAsset.js';
import { loadPhoto } from '../photo/photo.js';
import { fitPhoto } from './fitPhoto.js';

it('says which face is not there', async () => {
  const photo = await loadPhoto(await readAsset('photos/nasa_astronaut_collins.jpg'), { name: 'one.jpg' });
  const options = { budgetSeconds: 1, seed: 1 };
  await expect(fitPhoto(photo, { ...options, face: 2 })).rejects.toThrow(/one\.jpg: there is no face 2; one was found/);
  const image = { ...photo.image, data: photo.image.data.map(() => 0.2) };
  await expect(fitPhoto({ ...photo, name: 'wall.jpg', image }, options)).rejects.toThrow(
    /wall\.jpg: no face was found/,
  );
});
