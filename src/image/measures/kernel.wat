;; The inner loops of grey and resampling, several bytes at once. `npm run kernel` compiles this file to
;; kernel-bytes.ts. The caller gives all addresses. Each function may read or write up to 16 bytes beyond its data.
(module
  (memory (export "memory") 1)

  ;; Splits four pixels at a time into planes. Byte i of `$mask` says which of the twelve or sixteen bytes becomes byte
  ;; i. Bytes 0 to 3 go to the first plane, 4 to 7 to the next, and so on. The four planes are `$plane` bytes apart.
  (func (export "split") (param $from i32) (param $count i32) (param $channels i32) (param $mask i32) (param $to i32) (param $plane i32)
    (local $end i32) (local $four v128) (local $order v128)
    (local.set $order (v128.load (local.get $mask)))
    (local.set $end (i32.add (local.get $to) (local.get $count)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
        (local.set $four (i8x16.swizzle (v128.load (local.get $from)) (local.get $order)))
        (v128.store32_lane 0 (local.get $to) (local.get $four))
        (v128.store32_lane 1 (i32.add (local.get $to) (local.get $plane)) (local.get $four))
        (v128.store32_lane 2 (i32.add (local.get $to) (i32.shl (local.get $plane) (i32.const 1))) (local.get $four))
        (v128.store32_lane 3 (i32.add (local.get $to) (i32.mul (local.get $plane) (i32.const 3))) (local.get $four))
        (local.set $from (i32.add (local.get $from) (i32.shl (local.get $channels) (i32.const 2))))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (br $next))))

  ;; Computes the luma of four pixels at a time: (19595 r + 38470 g + 7471 b + 32768) >> 16. The weight of green is
  ;; split in two, because products take signed 16 bits. `$masks` has two masks: the places of r and g, then those of g
  ;; and b. A zero byte (index 255) follows each place.
  (func (export "grey") (param $from i32) (param $count i32) (param $channels i32) (param $masks i32) (param $to i32)
    (local $end i32) (local $four v128) (local $redGreen v128) (local $greenBlue v128)
    (local.set $redGreen (v128.load (local.get $masks)))
    (local.set $greenBlue (v128.load offset=16 (local.get $masks)))
    (local.set $end (i32.add (local.get $to) (local.get $count)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
        (local.set $four (v128.load (local.get $from)))
        (local.set $four
          (i32x4.shr_u
            (i32x4.add
              (i32x4.add
                (i32x4.dot_i16x8_s
                  (i8x16.swizzle (local.get $four) (local.get $redGreen))
                  (v128.const i16x8 19595 19235 19595 19235 19595 19235 19595 19235))
                (i32x4.dot_i16x8_s
                  (i8x16.swizzle (local.get $four) (local.get $greenBlue))
                  (v128.const i16x8 19235 7471 19235 7471 19235 7471 19235 7471)))
              (v128.const i32x4 32768 32768 32768 32768))
            (i32.const 16)))
        (local.set $four (i16x8.narrow_i32x4_u (local.get $four) (local.get $four)))
        (v128.store32_lane 0 (local.get $to) (i8x16.narrow_i16x8_u (local.get $four) (local.get $four)))
        (local.set $from (i32.add (local.get $from) (i32.shl (local.get $channels) (i32.const 2))))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (br $next))))

  ;; Computes `$count` outputs, each the weighted sum of `$taps` samples (a multiple of eight). The samples begin at
  ;; `$row` plus the output's entry in `$first`. Weights have 22 bits after the point. A weight is upper * 2048 + lower,
  ;; signed 16 bits each. All upper parts begin at `$upper`, all lower parts at `$lower`. Sums are rounded, clamped, and
  ;; written every `$step` bytes.
  (func (export "mix") (param $row i32) (param $first i32) (param $upper i32) (param $lower i32) (param $taps i32) (param $count i32) (param $to i32) (param $step i32)
    (local $at i32) (local $end i32) (local $sum i32) (local $eight v128) (local $high v128) (local $low v128)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $at (i32.add (local.get $row) (i32.load (local.get $first))))
        (local.set $end (i32.add (local.get $upper) (i32.shl (local.get $taps) (i32.const 1))))
        (local.set $high (v128.const i32x4 0 0 0 0))
        (local.set $low (v128.const i32x4 0 0 0 0))
        (loop $more
          (local.set $eight (v128.load8x8_u (local.get $at)))
          (local.set $high (i32x4.add (local.get $high) (i32x4.dot_i16x8_s (local.get $eight) (v128.load (local.get $upper)))))
          (local.set $low (i32x4.add (local.get $low) (i32x4.dot_i16x8_s (local.get $eight) (v128.load (local.get $lower)))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (local.set $upper (i32.add (local.get $upper) (i32.const 16)))
          (local.set $lower (i32.add (local.get $lower) (i32.const 16)))
          (br_if $more (i32.lt_u (local.get $upper) (local.get $end))))
        (local.set $low (i32x4.add (local.get $low) (i32x4.shl (local.get $high) (i32.const 11))))
        (local.set $sum
          (i32.shr_s
            (i32.add
              (i32.add
                (i32.add (i32x4.extract_lane 0 (local.get $low)) (i32x4.extract_lane 1 (local.get $low)))
                (i32.add (i32x4.extract_lane 2 (local.get $low)) (i32x4.extract_lane 3 (local.get $low))))
              (i32.const 2097152))
            (i32.const 22)))
        (local.set $sum (select (i32.const 0) (local.get $sum) (i32.lt_s (local.get $sum) (i32.const 0))))
        (local.set $sum (select (i32.const 255) (local.get $sum) (i32.gt_s (local.get $sum) (i32.const 255))))
        (i32.store8 (local.get $to) (local.get $sum))
        (local.set $to (i32.add (local.get $to) (local.get $step)))
        (local.set $first (i32.add (local.get $first) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))))
