using CtfService.Model.Checkpoints;
using CtfService.Model.Clusters;
using CtfService.Model.Tokenizer;
using CtfService.Model.Transformer;
using CtfService.TestSupport;
using CtfService.Training.Data;
using CtfService.Training.Data.Formats;
using CtfService.Training.Optimization;
using CtfService.Training.Parts;
using CtfService.Training.Progress;
using CtfService.Training.Tokenizer;
using CtfService.Training.Tokens;
using CtfService.Training.Transformer;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Tokens;

/// <summary>Both stages on a published tokenizer's tokens, streamed from disk, of images in WebDataset shards.</summary>
public sealed class StreamedTrainingTests : IDisposable
{
    private const int Steps = 16;

    private readonly TemporaryFolder _folder = new();
    private readonly StageInputs _inputs;

    public StreamedTrainingTests()
    {
        WebDatasetShards.Write(_folder.Root, "train", TokenSets.Images(90), shards: 3);
        WebDatasetShards.Write(_folder.Root, "test", TokenSets.Images(20), shards: 1);
        TokenizerImport.Run(new TokenizerSource(GoldenFolder.File("vq-tiny.pt"), ImageSize: 16), _folder.File("tokenizer"));
        var tokenizer = ModelFile.Load<VqTokenizer, TokenizerConfig>(
            _folder.File($"tokenizer/{TokenizerTraining.ResultName}"), config => new VqTokenizer(config));
        using var codewords = tokenizer.Quantizer.Codewords().detach();
        var (train, test) = (Tokens("train", tokenizer), Tokens("test", tokenizer));
        _inputs = new StageInputs(tokenizer, ClusterMap.Compute(codewords, 8, seed: 0), train, test);
    }

    [Fact]
    public void Batches_StreamedFromDisk_AreThoseOfTokensInMemory()
    {
        const ulong Seed = 3;
        var (tokens, classIds) = InMemory();
        var sampler = new BatchSampler(classIds, new BatchOptions { BatchSize = 8, Seed = Seed, BalanceClasses = true });
        var options = new TrainingOptions { RunDirectory = _folder.Root, BatchSize = 8, Seed = Seed, ClassDropout = 0.1 };
        using var data = new StageData(_inputs.Train, _inputs.HeldOut, _inputs.Map, options);

        foreach (var step in new long[] { 0, 1, 2, 3, 17, 18, 5, 1_000_000 })
        {
            using var scope = NewDisposeScope();
            manual_seed(step);
            var streamed = data.Sample(step, nullClass: 3);

            manual_seed(step);
            var rows = sampler.Sample(step).Select(item => item.ImageIndex).ToList();
            var dropped = rand(rows.Count).less(0.1).data<bool>().ToArray();
            Assert.Equal(rows.SelectMany(row => tokens[row]), streamed.Tokens.flatten().data<long>().ToArray());
            Assert.Equal(rows.Select((row, i) => dropped[i] ? 3L : classIds[row]), streamed.ClassIds.data<long>().ToArray());
            Assert.Equal(
                rows.SelectMany(row => tokens[row]).Select(token => (long)_inputs.Map.ClusterOf((int)token)),
                streamed.CoarseLabels.flatten().data<long>().ToArray());
        }
    }

    [Theory]
    [InlineData("coarse")]
    [InlineData("fine")]
    public void Training_InterruptedAtTenRandomSteps_EndsWithTheSameWeights(string stage)
    {
        Train(stage, "whole", resume: false, NoProgress.Instance, CancellationToken.None);

        var random = new Random(11);
        foreach (var step in Enumerable.Range(1, Steps - 1).OrderBy(_ => random.Next()).Take(10).Order())
        {
            using var stop = new CancellationTokenSource();
            Assert.Throws<WorkStoppedException>(() => Train(stage, "interrupted", resume: true, new StopAt(step, stop), stop.Token));
        }

        Train(stage, "interrupted", resume: true, NoProgress.Instance, CancellationToken.None);
        Assert.Equal(Weights("whole", stage), Weights("interrupted", stage));
    }

    [Fact]
    public void UsualLabels_OfRowsOnDisk_AreThoseOfAllLabelsInMemory()
    {
        var (tokens, classIds) = InMemory();
        var counts = new LabelCounts(3, _inputs.Train.Positions, _inputs.Map.ClusterCount);
        foreach (var (row, rowTokens) in tokens.Index())
        {
            counts.Add(classIds[row], [.. rowTokens.Select(token => _inputs.Map.ClusterOf((int)token))]);
        }

        var expected = counts.MostUsual();
        var usual = TokenStatistics.UsualLabels(_inputs.Train, _inputs.Map);

        Assert.Equal((expected.Classes, expected.Positions), (usual.Classes, usual.Positions));
        Assert.All(Enumerable.Range(0, 3 * usual.Positions), place =>
        {
            var (classId, cell) = Math.DivRem(place, usual.Positions);
            Assert.Equal(expected.LabelsOf(classId, cell).ToArray(), usual.LabelsOf(classId, cell).ToArray());
            Assert.Equal(expected.LogFrequenciesOf(classId, cell).ToArray(), usual.LogFrequenciesOf(classId, cell).ToArray());
        });
    }

    public void Dispose()
    {
        _inputs.Dispose();
        _folder.Dispose();
    }

    private TokenSet Tokens(string split, VqTokenizer tokenizer) =>
        TokenSets.Compute(_folder.File($"tokens-{split}"), tokenizer, new TokenizedImages(split, 16, () => SourceWalk.Open(_folder.Root, split)));

    /// <summary>Returns the tokens of all images, encoded at once: blocks of 64 images, then of their mirror images.</summary>
    private (List<long[]> Tokens, List<int> ClassIds) InMemory()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var dataset = ImageDatasetReader.Open(_folder.Root, 16, "train");
        var (tokens, classIds) = (new List<long[]>(), new List<int>());
        foreach (var part in Enumerable.Range(0, dataset.Count).Chunk(64))
        {
            var images = ImageBatch.Of(dataset, part).Pixels;
            foreach (var variant in new[] { images, images.flip(3) })
            {
                tokens.AddRange(_inputs.Tokenizer.VqEncode(variant).data<long>().ToArray().Chunk(_inputs.Train.Positions));
                classIds.AddRange(part.Select(index => dataset.ClassIds[index]));
            }
        }

        return (tokens, classIds);
    }

    private void Train(string stage, string name, bool resume, ITrainingProgress progress, CancellationToken cancellation)
    {
        var options = new TrainingOptions
        {
            RunDirectory = _folder.File($"{name}-{stage}"),
            Steps = Steps,
            BatchSize = 4,
            WarmupSteps = 3,
            EvaluateEvery = 1, // reports every step
            CheckpointEvery = 7,
        };
        var (size, run) = (new TransformerSize(Width: 16, Layers: 1, Heads: 2), new TrainingRun(options, resume, Augmentation.None));
        if (stage == "coarse")
        {
            TransformerTraining.TrainCoarse(_inputs, size, run, progress, cancellation);
        }
        else
        {
            TransformerTraining.TrainFine(_inputs, size, FineHead.Cluster, run, progress, cancellation);
        }
    }

    private Dictionary<string, float[]> Weights(string name, string stage)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder.File($"{name}-{stage}/{stage}.safetensors"));
        return file.Entries.ToDictionary(entry => entry.Name, entry => file.Read(entry.Name).data<float>().ToArray());
    }

    /// <summary>Stops the training when a step is finished.</summary>
    private sealed class StopAt(long step, CancellationTokenSource stop) : ITrainingProgress
    {
        public void Report(TrainingReport report)
        {
            if (report.Step >= step)
            {
                stop.Cancel();
            }
        }
    }
}
