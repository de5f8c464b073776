using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>
/// Runs products and convolutions of this thread in a smaller type while weights and everything between stay float32, as PyTorch's
/// autocast does (TorchSharp has none). The scope is per thread: open and close it on the thread that computes.
/// </summary>
public sealed class Autocast : IDisposable
{
    [ThreadStatic]
    private static ScalarType? _active;

    private readonly ScalarType? _previous;

    /// <param name="computeType">Type of the products, e.g. bfloat16; null leaves them as they are.</param>
    public Autocast(ScalarType? computeType)
    {
        _previous = _active;
        _active = computeType;
    }

    public void Dispose() => _active = _previous;

    /// <summary>input [.., in] times weight [out, in] transposed.</summary>
    internal static Tensor Linear(Tensor input, Tensor weight)
    {
        if (_active is not { } type)
        {
            return nn.functional.linear(input, weight);
        }

        using var smallInput = input.to(type);
        using var smallWeight = weight.to(type);
        using var product = nn.functional.linear(smallInput, smallWeight);
        return product.to(input.dtype);
    }

    /// <summary>input [B, in, h, w], weight [out, in, kh, kw], bias [out].</summary>
    internal static Tensor Convolve(Tensor input, Tensor weight, Tensor bias, long stride, long padding)
    {
        long[] strides = [stride, stride];
        long[] paddings = [padding, padding];
        if (_active is not { } type)
        {
            return nn.functional.conv2d(input, weight, bias, strides, paddings);
        }

        using var smallInput = input.to(type);
        using var smallWeight = weight.to(type);
        using var smallBias = bias.to(type);
        using var product = nn.functional.conv2d(smallInput, smallWeight, smallBias, strides, paddings);
        return product.to(input.dtype);
    }

    /// <summary>Scaled dot-product attention over [R, H, S, Dh] queries and [R, H, P, Dh] keys and values.</summary>
    /// <param name="mask">Bool, true where a query may look; everywhere where null.</param>
    internal static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? mask, bool causal)
    {
        if (_active is not { } type)
        {
            return nn.functional.scaled_dot_product_attention(query, key, value, mask!, 0, causal);
        }

        using var smallQuery = query.to(type);
        using var smallKey = key.to(type);
        using var smallValue = value.to(type);
        using var attended = nn.functional.scaled_dot_product_attention(smallQuery, smallKey, smallValue, mask!, 0, causal);
        return attended.to(query.dtype);
    }
}
