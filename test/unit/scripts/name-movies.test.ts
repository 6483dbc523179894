import assert from 'node:assert/strict'
import { nameMovies } from '../../../scripts/demo/name-movies.ts'

describe('the names of the movies of the demo', () => {
  it('are those of the files', () => {
    assert.deepEqual(nameMovies(['/films/alpha.mov', '/films/beta.tar.mkv']), [
      { file: '/films/alpha.mov', name: 'alpha', label: 'alpha.mov' },
      { file: '/films/beta.tar.mkv', name: 'beta.tar', label: 'beta.tar.mkv' },
    ])
  })

  it('differ where the files have one name, so that no output is written over another', () => {
    const names = nameMovies(['/a/m.mov', '/b/m.mov', '/b/m.mp4', '/c/m-2.mov', '/c/M.mov']).map(
      ({ name }) => name,
    )
    assert.deepEqual(names, ['m', 'm-2', 'm-3', 'm-2-2', 'M-4'])
  })

  it('never lead out of the folder', () => {
    assert.deepEqual(
      nameMovies(['/a/...mov', '/a/..mov']).map(({ name }) => name),
      ['movie', 'movie-2'],
    )
  })
})
