# X25519 of s2n-bignum, assembly that is proved correct, from the copy that AWS-LC has in crate aws-lc-sys. What
# calls it: src/io/tls/x25519.cc.

pear_crate_dir(aws-lc-sys aws_lc_crate)
set(s2n_bignum ${aws_lc_crate}/aws-lc/third_party/s2n-bignum/s2n-bignum-imported)
set(curve25519 ${s2n_bignum}/x86_att/curve25519)
# Those named _alt do without the instructions of ADX.
add_library(pear_s2n_bignum STATIC
            ${curve25519}/curve25519_x25519.S ${curve25519}/curve25519_x25519_alt.S
            ${curve25519}/curve25519_x25519base.S ${curve25519}/curve25519_x25519base_alt.S)
target_include_directories(pear_s2n_bignum SYSTEM PUBLIC ${s2n_bignum}/include PRIVATE ${aws_lc_crate}/aws-lc/include)
