using static TorchSharp.torch;

namespace CtfService.Model.Layers;

/// <summary>
/// A scope in which matrix products, convolutions and attention run in a smaller type, while weights and everything else stay float32: PyTorch's autocast,
/// which TorchSharp does not have. It applies to the current thread; open and close it on the thread that computes.
/// </summary>
public sealed class Autocast : IDisposable
{
    [ThreadStatic]
    private static ScalarType? _active;

    private readonly ScalarType? _previous;

    /// <summary>Opens a scope.</summary>
    /// <param name="computeType">The type to compute in, such as bfloat16; null for the type of the inputs.</param>
    public Autocast(ScalarType? computeType)
    {
        _previous = _active;
        _active = computeType;
    }

    /// <summary>Whether the current thread computes in a smaller type.</summary>
    public static bool IsActive => _active is not null;

    public void Dispose() => _active = _previous;

    /// <summary>Multiplies input [.., in] by the transpose of weight [out, in].</summary>
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

    /// <summary>Convolves input [B, in, h, w] with weight [out, in, kh, kw] and bias [out]; null for no bias.</summary>
    public static Tensor Convolve(Tensor input, Tensor weight, Tensor? bias, long stride, long padding)
    {
        long[] strides = [stride, stride];
        long[] paddings = [padding, padding];
        if (_active is not { } type)
        {
            return nn.functional.conv2d(input, weight, bias!, strides, paddings);
        }

        using var smallInput = input.to(type);
        using var smallWeight = weight.to(type);
        using var smallBias = bias?.to(type);
        using var product = nn.functional.conv2d(smallInput, smallWeight, smallBias!, strides, paddings);
        return product.to(input.dtype);
    }

    /// <summary>Computes scaled dot-product attention of queries [R, H, S, Dh] over keys and values [R, H, P, Dh].</summary>
    /// <param name="mask">Bool, true if a query attends to a key; null if every query attends to every key.</param>
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
