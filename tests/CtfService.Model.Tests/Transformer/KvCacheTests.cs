using CtfService.Model.Memory;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Transformer;

public sealed class KvCacheTests
{
    [Fact]
    public void Clear_RowWithNaN_ZeroesThatRowOnly()
    {
        using var scope = NewDisposeScope();
        var config = PublishedTransformers.Config("GPT-B", gridSide: 2) with { Layers = 1, Width = 8, Heads = 2 };
        using var cache = new KvCache(config, rows: 2, float32, new DeviceMemory(CPU));
        cache.Begin(tensor(new long[] { 1, 1 }));
        var step = stack([full([2, 1, 4], float.NaN), ones(2, 1, 4)]); // [R, H, 1, Dh]
        var (keys, values) = cache.Append(layer: 0, step, step);

        cache.Clear(0);

        Assert.Equal(0, keys[0].abs().sum().item<float>() + values[0].abs().sum().item<float>());
        Assert.Equal(8, keys[1].sum().item<float>());
    }
}
