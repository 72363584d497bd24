/* The kernel `solve` of engine/model/kernels.py in C, float32, one RANK (a multiple of 8) a library. */
#include <stdint.h>
#include <string.h>

#define VECTORS (RANK / 8)
#define AHEAD 12
#define EACH _Pragma("GCC unroll 16") for (int k = 0; k < VECTORS; k++)

typedef float Lanes __attribute__((vector_size(32)));
/* For loads and stores only: sums of this type would not stay in registers. */
typedef float Unaligned __attribute__((vector_size(32), aligned(4), may_alias));

static inline Lanes load(const float *at) { return *(const Unaligned *)at; }
static inline void store(float *at, Lanes v) { *(Unaligned *)at = v; }
static inline Lanes spread(float s) { return (Lanes){s, s, s, s, s, s, s, s}; }
static inline float sum(Lanes v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }

static inline float dot(const float *a, const float *b) {
    Lanes total = spread(0);
    EACH total += load(a + 8 * k) * load(b + 8 * k);
    return sum(total);
}

/* out = row + scale * other */
static inline void combined(float *out, const float *row, float scale, const float *other) {
    EACH store(out + 8 * k, load(row + 8 * k) + spread(scale) * load(other + 8 * k));
}

/* out = row @ matrix */
static inline void transformed(const float *row, const float *matrix, float *out) {
    Lanes total[VECTORS];
    EACH total[k] = spread(0);
    for (int i = 0; i < RANK; i++) {
        Lanes scale = spread(row[i]);
        EACH total[k] += scale * load(matrix + i * RANK + 8 * k);
    }
    EACH store(out + 8 * k, total[k]);
}

/* The statements for each non-zero of a row, four at a time: its row[i] of y, weight[i], live[i] or past the end 0,
   and `near`, row[i] . own. */
#define FOUR_BY_FOUR(FETCH, ...)                                                                   \
    for (int64_t j = 0; j < count; j += 4) {                                                       \
        const float *row[4];                                                                       \
        float weight[4], live[4];                                                                  \
        Lanes products[4];                                                                         \
        for (int i = 0; i < 4; i++) {                                                              \
            int in = j + i < count;                                                                \
            int64_t at = first + (in ? j + i : 0), next = first + j + AHEAD + i;                   \
            row[i] = y + (int64_t)indices[at] * RANK;                                              \
            weight[i] = in ? alpha * values[at] : 0;                                               \
            live[i] = in;                                                                          \
            if (FETCH)                                                                             \
                for (int o = 0; o < RANK; o += 16)                                                 \
                    __builtin_prefetch(y + (int64_t)indices[next < nonzeros ? next : 0] * RANK + o); \
        }                                                                                          \
        for (int i = 0; i < 4; i++) {                                                              \
            products[i] = spread(0);                                                               \
            EACH products[i] += load(row[i] + 8 * k) * own[k];                                     \
        }                                                                                          \
        for (int i = 0; i < 4; i++) {                                                              \
            float near = sum(products[i]);                                                         \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

void solve(const int64_t *indptr, const int32_t *indices, const float *values, int64_t nonzeros, float *x, int64_t rows,
           const float *y, int64_t columns, const float *into, const float *back, const float *extra,
           const float *inverse, float alpha, int64_t steps, const int64_t *bounds, double *sums, int64_t parts,
           int64_t *cursor, float *room) {
    float *mine = room, *right = room + RANK, *residual = room + 2 * RANK, *direction = room + 3 * RANK,
          *product = room + 4 * RANK, *shift = room + 5 * RANK;
    for (;;) {
        int64_t part = __atomic_fetch_add(cursor, 1, __ATOMIC_RELAXED);
        if (part >= parts) return;
        double total = 0;
        for (int64_t u = bounds[part]; u < bounds[part + 1]; u++) {
            float *into_row = x + u * RANK;
            int64_t first = indptr[u], count = indptr[u + 1] - first;
            if (!count) {
                memset(into_row, 0, RANK * sizeof(float));
                continue;
            }
            transformed(into_row, into, mine);
            Lanes own[VECTORS], a[VECTORS], b[VECTORS];
            EACH { own[k] = load(mine + 8 * k); a[k] = b[k] = spread(0); }
            FOUR_BY_FOUR(1, {
                Lanes wanted = spread(live[i] + weight[i]);
                Lanes explained = spread(weight[i] * near);
                EACH { Lanes v = load(row[i] + 8 * k); a[k] += wanted * v; b[k] += explained * v; }
            })
            EACH { store(right + 8 * k, a[k]); store(residual + 8 * k, a[k] - own[k] - b[k]); }
            if (extra[u] != 0) {
                transformed(mine, inverse, shift);
                combined(residual, residual, -extra[u], shift);
            }
            memcpy(direction, residual, RANK * sizeof(float));
            float norm = dot(residual, residual);
            for (int64_t step = 0; step < steps && norm >= 1e-20f; step++) {
                EACH a[k] = own[k] = load(direction + 8 * k);
                FOUR_BY_FOUR(0, {
                    Lanes scale = spread(weight[i] * near);
                    EACH a[k] += scale * load(row[i] + 8 * k);
                })
                EACH store(product + 8 * k, a[k]);
                if (extra[u] != 0) {
                    transformed(direction, inverse, shift);
                    combined(product, product, extra[u], shift);
                }
                float length = norm / dot(direction, product);
                combined(mine, mine, length, direction);
                combined(residual, residual, -length, product);
                float after = dot(residual, residual);
                combined(direction, residual, after / norm, direction);
                norm = after;
            }
            total += (double)dot(mine, right) + (double)dot(mine, residual);
            transformed(mine, back, into_row);
        }
        sums[part] = total;
    }
}
