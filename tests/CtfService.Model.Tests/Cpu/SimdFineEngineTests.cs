using CtfService.Model.Clusters;
using CtfService.Model.Cpu;
using CtfService.Model.Cpu.Runtime;
using CtfService.Model.Cpu.Transformer;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Cpu;

public sealed class SimdFineEngineTests
{
    public static TheoryData<VectorWidth> Widths => EngineModels.Widths;

    [Theory]
    [MemberData(nameof(Widths))]
    public void Run_RandomLabels_EqualsTorch(VectorWidth width) => AssertEqualsTorch(width, feedForwardWidth: null);

    [Theory]
    [MemberData(nameof(Widths))]
    public void Run_GivenFeedForwardWidth_EqualsTorch(VectorWidth width) => AssertEqualsTorch(width, feedForwardWidth: 101);

    private static void AssertEqualsTorch(VectorWidth width, int? feedForwardWidth)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var fine = new FineModel(width, capacity: 3, feedForwardWidth);
        var (classIds, labels) = fine.Inputs(images: 3);

        var hidden = fine.Run(classIds, labels);
        var logits = fine.Score(hidden, labels);

        var expected = fine.Transformer.Hidden(classIds, labels).narrow(1, 1, fine.Cells);
        using var members = new ClusterMembers(fine.Map, CPU);
        TensorAssert.Close(expected, hidden, 2e-5, "hidden");
        TensorAssert.Close(members.Score(expected.flatten(0, 1), labels.flatten(), fine.Transformer.OutputWeight), logits, 2e-5, "logits");
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Run_ImageInAnyBatch_IsBitwiseIdentical(VectorWidth width)
    {
        using var scope = NewDisposeScope();
        using var fine = new FineModel(width, capacity: 4);
        var (classIds, labels) = fine.Inputs(images: 4);

        var together = fine.Run(classIds, labels);

        for (var image = 0; image < 4; image++)
        {
            var alone = fine.Run(classIds.narrow(0, image, 1), labels.narrow(0, image, 1));
            TensorAssert.Equal(together.narrow(0, image, 1), alone);
        }
    }

    [Fact]
    public void Run_AnyWidth_IsBitwiseIdentical()
    {
        using var scope = NewDisposeScope();
        var results = VectorWidths.All.Where(VectorWidths.IsSupported).Select(width =>
        {
            using var fine = new FineModel(width, capacity: 2);
            var (classIds, labels) = fine.Inputs(images: 2);
            var hidden = fine.Run(classIds, labels);
            return (Hidden: hidden, Logits: fine.Score(hidden, labels));
        }).ToList();

        Assert.All(results, other => TensorAssert.Equal(results[0].Hidden, other.Hidden));
        Assert.All(results, other => TensorAssert.Equal(results[0].Logits, other.Logits));
    }

    /// <summary>A random fine transformer with a cluster map whose clusters differ in size.</summary>
    private sealed class FineModel : IDisposable
    {
        private readonly ComputeThreadPool _pool = new(2);
        private readonly SimdFineEngine _engine;

        public FineModel(VectorWidth width, int capacity, int? feedForwardWidth = null)
        {
            Transformer = EngineModels.Random(EngineModels.Config(causal: false) with { OutputVocabulary = 150, GivenFeedForwardWidth = feedForwardWidth });
            Map = ClusterMap.FromAssignments([.. Enumerable.Range(0, 150).Select(token => token < 40 ? 2 : token % 21)], randn(150, 4));
            _engine = new SimdFineEngine(Transformer.Config, WeightSource.Of(Transformer), Map, _pool, new CpuEngineOptions(capacity, Width: width));
        }

        public ClassConditionalTransformer Transformer { get; }

        public ClusterMap Map { get; }

        public int Cells => Transformer.Config.Positions;

        /// <summary>Returns the classes and labels of some images, the same on every call.</summary>
        public (Tensor ClassIds, Tensor Labels) Inputs(int images)
        {
            using var generator = new Generator(8);
            return (arange(images, int64).remainder(4), randint(0, Map.ClusterCount, [images, Cells], dtype: int64, generator: generator));
        }

        public Tensor Run(Tensor classIds, Tensor labels)
        {
            var hidden = new float[labels.numel() * Transformer.Config.Width];
            _engine.Run(Ints(classIds), Ints(labels), hidden);
            return tensor(hidden, [classIds.shape[0], Cells, Transformer.Config.Width]);
        }

        public Tensor Score(Tensor hidden, Tensor labels)
        {
            var logits = new float[labels.numel() * Map.LargestCluster];
            _engine.ScoreMembers(hidden.data<float>().ToArray(), Ints(labels), logits);
            return tensor(logits, [labels.numel(), Map.LargestCluster]);
        }

        public void Dispose()
        {
            _engine.Dispose();
            Transformer.Dispose();
            _pool.Dispose();
        }

        private static int[] Ints(Tensor values) => [.. values.flatten().contiguous().data<long>().Select(value => (int)value)];
    }
}
