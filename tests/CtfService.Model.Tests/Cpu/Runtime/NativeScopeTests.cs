using CtfService.Model.Clusters;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Cpu.Runtime;

/// <summary>If the constructor of an engine throws, every buffer and tensor it has allocated is freed.</summary>
public sealed class NativeScopeTests : IDisposable
{
    private readonly ComputeThreadPool _pool = new(2);
    private readonly ClassConditionalTransformer _coarse = EngineModels.Random(EngineModels.Config());
    private readonly ClassConditionalTransformer _fine = EngineModels.Random(EngineModels.Config(causal: false));
    private readonly ClusterMap _map = ClusterMap.Random(zeros(EngineModels.Config().OutputVocabulary, 1), EngineModels.Config().InputVocabulary, seed: 1);
    private readonly VqTokenizer _tokenizer = TokenizerModels.Random(TokenizerModels.Configs.Keys.First());

    [Theory]
    [InlineData("decode")]
    [InlineData("fine")]
    [InlineData("VQ decode")]
    public void Constructor_AnyAllocationFails_FreesEarlierBuffers(string engine)
    {
        var allocations = 0;
        using (new NativeScope(_ => allocations++))
        {
            Create(engine).Dispose();
        }

        Assert.InRange(allocations, 10, 1000);
        var tensors = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (var failing = 1; failing <= allocations; failing++)
        {
            var allocation = 0;
            using var scope = new NativeScope(_ => _ = ++allocation == failing ? throw new InsufficientMemoryException() : 0);

            Assert.Throws<InsufficientMemoryException>(() => Create(engine));

            Assert.Empty(scope.Live);
            Assert.Equal(tensors, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Theory]
    [InlineData("decode", "layers.1.feed_forward.w2.weight")]
    [InlineData("fine", "output.weight")]
    [InlineData("VQ decode", "decoder.conv_out.weight")]
    public void Constructor_WeightCannotBeRead_FreesEarlierBuffers(string engine, string weight)
    {
        using var scope = new NativeScope();

        Assert.Throws<IOException>(() => Create(engine, missing: weight));

        Assert.Empty(scope.Live);
    }

    [Theory]
    [InlineData("decode")]
    [InlineData("fine")]
    [InlineData("VQ decode")]
    public void Dispose_Engine_FreesEveryBuffer(string engine)
    {
        using var scope = new NativeScope();
        var created = Create(engine);
        Assert.NotEmpty(scope.Live);

        created.Dispose();

        Assert.Empty(scope.Live);
    }

    [Fact]
    public void Dispose_AfterKeep_FreesOnlyLaterBuffers()
    {
        NativeBuffer kept, freed;
        using (var scope = new NativeScope())
        {
            kept = new NativeBuffer(64);
            scope.Keep();
            freed = new NativeBuffer(64);
        }

        Assert.False(kept.IsFreed);
        Assert.True(freed.IsFreed);
        kept.Dispose();
    }

    public void Dispose()
    {
        _coarse.Dispose();
        _fine.Dispose();
        _tokenizer.Dispose();
        _pool.Dispose();
    }

    private IDisposable Create(string engine, string? missing = null)
    {
        var options = new CpuEngineOptions(3);
        return engine switch
        {
            "decode" => new SimdDecodeEngine(_coarse.Config, Source(_coarse, missing), _pool, options),
            "fine" => new SimdFineEngine(_fine.Config, Source(_fine, missing), _map, _pool, options),
            _ => new SimdVqDecoder(_tokenizer.Config, Source(_tokenizer, missing), TokenizerModels.Grid, _pool),
        };
    }

    private static WeightSource Source(nn.Module module, string? missing)
    {
        var weights = module.state_dict();
        return new WeightSource(name => name == missing ? throw new IOException($"{name} cannot be read.") : weights[name].alias());
    }
}
