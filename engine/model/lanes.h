/* What the kernels share: rows of RANK numbers of type `real` as vectors, and the threads' work list.

   Compilers give up on vectorizing these loops (too many pointers that might overlap), so the vectors are explicit, by
   the extension that GCC and Clang share. RANK, a multiple of 8, is known when compiling: a row's running sums then
   stay in registers. Sums are written in the order in which they are to be added, so that no -ffast-math is needed. */

#include <stdint.h>
#include <string.h>

typedef REAL real;

/* Eight numbers, or as many as a register holds: a wider type would be kept in memory. */
#if defined __AVX512F__
#define REGISTER_BYTES 64
#elif defined __AVX__
#define REGISTER_BYTES 32
#else
#define REGISTER_BYTES 16
#endif
#define LANES (int)(REGISTER_BYTES / sizeof(real) < 8 ? REGISTER_BYTES / sizeof(real) : 8)
#define VECTOR_BYTES (LANES * sizeof(real))
#define VECTORS (RANK / LANES)
/* Vectors of a result that are summed at a time where a row may have more than there are registers. */
#define TILE 8
#define CACHE_LINE 64

_Static_assert(RANK % 8 == 0, "rows are read eight numbers at a time");

typedef real Lanes __attribute__((vector_size(VECTOR_BYTES)));
typedef real Quad __attribute__((vector_size(4 * sizeof(real))));
/* For loads and stores alone: sums of this type would not stay in registers. */
typedef real Unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

/* Unrolled in full, so that arrays of vectors can become registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 128")
#endif
#define EACH(k, count) UNROLL for (int k = 0; k < (count); k++)

static inline Lanes load(const real *at) { return *(const Unaligned *)at; }
static inline void store(real *at, Lanes vector) { *(Unaligned *)at = vector; }
static inline Lanes spread(real number) { return number - (Lanes){0}; }

/* The halves of a vector added, or as it is: four numbers with the same sum. */
static inline Quad folded(Lanes v) {
    Quad low = {v[0], v[1], LANES > 2 ? v[2 % LANES] : 0, LANES > 2 ? v[3 % LANES] : 0};
    return LANES == 8 ? low + (Quad){v[4 % LANES], v[5 % LANES], v[6 % LANES], v[7 % LANES]} : low;
}

/* The sums of four vectors. */
static inline Quad four_sums(Quad a, Quad b, Quad c, Quad d) {
    Quad ab = (Quad){a[0], b[0], a[1], b[1]} + (Quad){a[2], b[2], a[3], b[3]};
    Quad cd = (Quad){c[0], d[0], c[1], d[1]} + (Quad){c[2], d[2], c[3], d[3]};
    return (Quad){ab[0], ab[1], cd[0], cd[1]} + (Quad){ab[2], ab[3], cd[2], cd[3]};
}

/* One vector whose lanes sum to the dot product of two rows. */
static inline Lanes products(const real *a, const real *b) {
    Lanes sums = load(a) * load(b);
    UNROLL for (int k = 1; k < VECTORS; k++) sums += load(a + LANES * k) * load(b + LANES * k);
    return sums;
}

static inline real dot(const real *a, const real *b) {
    Quad four = folded(products(a, b));
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* Takes the number at `cursor` and leaves the next one there: the threads' work list. */
static inline int64_t next_in_line(int64_t *cursor) { return __atomic_fetch_add(cursor, 1, __ATOMIC_RELAXED); }
