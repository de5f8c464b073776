using CtfService.Model.Layers;
using static TorchSharp.torch;

namespace CtfService.Model.Sampling;

/// <summary>
/// The random numbers of draws, computed on a device by elementwise operations with the same bits as <see cref="GumbelNoise"/> and <see cref="CounterRandom"/>.
/// About 170 small kernels a call, so the noise of several positions is computed at once.
/// </summary>
internal static class DeviceNoise
{
    private const long Mask = 0xFFFFFFFF;

    /// <summary>Returns the Gumbel noise of all labels at consecutive positions of each row: float32 [R, C, V], in the caller's dispose scope.</summary>
    /// <param name="seeds">int64 [R]: the bits of the seed of each row.</param>
    /// <param name="firstPositions">int64 [R], of any strides.</param>
    /// <param name="count">C.</param>
    /// <param name="vocabulary">V.</param>
    public static Tensor Gumbel(Tensor seeds, SamplingStage stage, Tensor firstPositions, int count, int vocabulary)
    {
        using var scope = NewDisposeScope();
        var positions = firstPositions.unsqueeze(1) + arange(count, ScalarType.Int64, seeds.device);                  // [R, C]
        var blocks = arange((vocabulary + 3) / 4, ScalarType.Int64, seeds.device);                                    // [Z]
        var words = Words(seeds, stage, positions, blocks, GumbelNoise.Stream).flatten(2).narrow(2, 0, vocabulary); // [R, C, V]
        return OfWords(words).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the uniform numbers of some positions of each row: float32 [R, C], in the caller's dispose scope.</summary>
    /// <param name="seeds">int64 [R]: the bits of the seed of each row.</param>
    /// <param name="positions">int64 [R, C].</param>
    public static Tensor Uniforms(Tensor seeds, SamplingStage stage, Tensor positions)
    {
        using var scope = NewDisposeScope();
        var words = Words(seeds, stage, positions, zeros(1, ScalarType.Int64, seeds.device), 0); // [R, C, 1, 4]
        var integers = words.select(3, 0).squeeze(2).bitwise_right_shift(8).to(ScalarType.Float32);
        return integers.mul_(Scalars.Of(CounterRandom.UnitInLastPlace)).MoveToOuterDisposeScope();
    }

    /// <summary>Returns <see cref="GumbelNoise.OfWord"/> of words in int64.</summary>
    internal static Tensor OfWords(Tensor words)
    {
        using var scope = NewDisposeScope();
        var high = words.bitwise_right_shift(16).to(ScalarType.Float32);
        var low = words.bitwise_and(0xFFFF).to(ScalarType.Float32);
        var (scale16, scale32) = (Scalars.Of(GumbelNoise.Scale16), Scalars.Of(GumbelNoise.Scale32));
        var u = (high * scale16).add_((low + Scalars.Of(0.5f)).mul_(scale32));
        var w = high.neg_().add_(Scalars.Of(65535f)).mul_(scale16).add_(low.neg_().add_(Scalars.Of(65535.5f)).mul_(scale32));
        var ratio = u / (Scalars.Of(1f) - w); // not used where w is 1
        var exponential = where(w.eq(Scalars.Of(1f)), u, DeviceMath.Log(w).neg_().mul_(ratio));
        return DeviceMath.Log(exponential).neg_().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Returns the four numbers of Philox4x32-10 for counters (position, stage, block, stream). The four words of a counter are two pairs, (x, z) and (y, w); a
    /// round multiplies the first, crosses the products and adds the second. Products keep 64 bits, of which a sign bit is masked away.
    /// </summary>
    /// <param name="seeds">[R].</param>
    /// <param name="positions">[R, C].</param>
    /// <param name="blocks">[Z].</param>
    /// <returns>int64 [R, C, Z, 4].</returns>
    private static Tensor Words(Tensor seeds, SamplingStage stage, Tensor positions, Tensor blocks, uint stream)
    {
        using var scope = NewDisposeScope();
        var (rows, count, width) = (positions.shape[0], positions.shape[1], blocks.shape[0]);
        var key = stack([seeds.bitwise_and(Mask), seeds.bitwise_right_shift(32).bitwise_and(Mask)]).reshape(2, rows, 1, 1);
        var increments = Pair(Philox4x32.KeyIncrement0, Philox4x32.KeyIncrement1, seeds.device);
        var multipliers = Pair(Philox4x32.Multiplier0, Philox4x32.Multiplier1, seeds.device);
        var first = stack([positions.unsqueeze(2).expand(rows, count, width), blocks.expand(rows, count, width)]); // [2, R, C, Z]: (x, z)
        var second = Pair((uint)stage, stream, seeds.device);                                                     // (y, w)
        for (var round = 0; round < Philox4x32.Rounds; round++)
        {
            var crossed = (first * multipliers).flip(0);
            first = crossed.bitwise_right_shift(32).bitwise_and_(Mask).bitwise_xor_(second).bitwise_xor_(key);
            second = crossed.bitwise_and_(Mask);
            key = (key + increments).bitwise_and_(Mask);
        }

        return stack([first[0], second[0], first[1], second[1]], 3).MoveToOuterDisposeScope();
    }

    /// <summary>Returns int64 [2, 1, 1, 1], without a copy to the device.</summary>
    private static Tensor Pair(uint first, uint second, Device device) =>
        cat([full(1, (long)first, ScalarType.Int64, device), full(1, (long)second, ScalarType.Int64, device)]).reshape(2, 1, 1, 1);
}
