using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Training.Clusters;
using CtfService.Training.Tests.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Clusters;

public sealed class SwapStudyTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly VqTokenizer _tokenizer = TinyTokenizer.Create();
    private readonly Tensor _codewords;
    private readonly SwapStudy _study;

    public SwapStudyTests()
    {
        _codewords = _tokenizer.Quantizer.Codewords().detach();
        _study = new SwapStudy(_tokenizer, TemporaryImages.Dataset(16, 20, 20), count: 8);
    }

    public void Dispose()
    {
        _study.Dispose();
        _tokenizer.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void Measure_EachCodewordItsOwnCluster_ChangesNothing()
    {
        var result = _study.Measure(ClusterMap.Identity(_codewords), seed: 1);

        Assert.Equal(0, result.SquaredError);
        Assert.Equal(32, result.ClusterCount);
    }

    [Fact]
    public void Measure_FewerClusters_ChangesImagesMore()
    {
        var few = _study.Measure(ClusterMap.Compute(_codewords, 2, seed: 0), seed: 1);
        var many = _study.Measure(ClusterMap.Compute(_codewords, 24, seed: 0), seed: 1);

        Assert.True(few.SquaredError > 2 * many.SquaredError, $"{few.SquaredError} with 2 clusters, {many.SquaredError} with 24.");
        Assert.True(few.Psnr < many.Psnr);
    }

    [Fact]
    public void Measure_SameSeed_SameSwaps()
    {
        var map = ClusterMap.Random(_codewords, 4, seed: 0);

        Assert.Equal(_study.Measure(map, seed: 1), _study.Measure(map, seed: 1));
        Assert.NotEqual(_study.Measure(map, seed: 1), _study.Measure(map, seed: 2));
    }

    [Fact]
    public void Picture_TwoMaps_HasFourColumns()
    {
        var map = ClusterMap.Compute(_codewords, 2, seed: 0);

        var picture = _study.Picture([map, map], seed: 1, rows: 3);

        Assert.Equal(((4 * 18) - 2, (3 * 18) - 2), (picture.Width, picture.Height));
    }

    [Fact]
    public void Choose_ErrorOfTheTokenizer_IsTheFewestClustersThatDoNotExceedIt()
    {
        var tried = new List<SwapResult>();

        var chosen = ClusterChoice.Choose(_tokenizer, _study, seed: 0, tried.Add);

        Assert.NotEmpty(tried);
        Assert.All(tried.Where(result => result.ClusterCount >= chosen.ClusterCount), result => Assert.True(result.SquaredError <= _study.ReconstructionError));
        Assert.All(tried.Where(result => result.ClusterCount < chosen.ClusterCount), result => Assert.True(result.SquaredError > _study.ReconstructionError));
    }
}
