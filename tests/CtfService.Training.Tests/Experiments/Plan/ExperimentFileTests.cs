using CtfService.Model.Transformer;
using CtfService.TestSupport;
using CtfService.Training.Experiments;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Planning;

namespace CtfService.Training.Tests.Experiments.Plan;

public sealed class ExperimentFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("fruits-64.json")]
    [InlineData("small.json")]
    [InlineData("imagenet-256-B.json")]
    [InlineData("imagenet-256-L.json")]
    [InlineData("imagenet-256-XL.json")]
    public void Read_FilesOfTheRepository_CanBeRun(string name)
    {
        var plan = ExperimentFile.Read(RepositoryFolder.File("bench", "experiments", name));
        var graph = new ExperimentGraph(plan, "data", tokenizerFile: null);

        Assert.All(plan.Tables.SelectMany(table => table.Rows), row => Assert.NotEmpty(graph.Evaluations(row)));
        Assert.Equal(graph.Jobs.Count, graph.Jobs.DistinctBy(job => job.Name).Count());
    }

    [Theory]
    [InlineData("B", 86_509_056)]
    [InlineData("L", 310_405_120)]
    [InlineData("XL", 734_067_200)]
    public void Read_FilesOfThePaper_HaveItsSettings(string size, long coarseParameters)
    {
        var plan = ExperimentFile.Read(RepositoryFolder.File("bench", "experiments", $"imagenet-256-{size}.json"));
        var trainings = PlannedTraining.Of(plan).ToList();

        Assert.Equal([false, true], trainings.Select(training => training.IsFine));
        Assert.All(trainings, training =>
        {
            var options = training.Options;
            Assert.Equal((PublishedTraining.BatchSize, PublishedTraining.LearningRate), (options.BatchSize, options.LearningRate));
            Assert.Equal(PublishedTraining.Steps, options.Steps);
            Assert.Equal((0L, 1.0), (options.WarmupSteps, options.FinalLearningRateShare)); // constant
            Assert.All([0L, options.Steps / 2, options.Steps - 1], step => Assert.Equal(PublishedTraining.LearningRate, options.LearningRateAt(step)));
            Assert.Equal((0.9, 0.95, PublishedTraining.WeightDecay), (options.Beta1, options.Beta2, options.WeightDecay));
            Assert.Equal((0.1, 0.1, 1.0), (options.Dropout, options.ClassDropout, options.MaxGradientNorm));
            Assert.Equal((512, 16_384, 16), (training.Data.Clusters, training.Data.Codewords, training.Data.GridSide));
        });
        Assert.Equal(PublishedTraining.Guidance, plan.Sampling.Coarse.GuidanceScale, 1e-6);
        Assert.Equal(coarseParameters, TransformerCost.Parameters(trainings[0].Data.Config(trainings[0].Size, dropout: 0.1, isFine: false)));
        Assert.Equal(PublishedTransformers.Find("L"), trainings[1].Size);
    }

    [Fact]
    public void Graph_NothingToJudge_TrainsNoClassifier()
    {
        var plan = Read("""{ "name": "x", "bundles": true, "models": [{ "name": "a", "clusters": 8 }] }""");

        var names = new ExperimentGraph(plan, "data", tokenizerFile: null).Jobs.Select(job => job.Name.Split('/')[0]);

        Assert.Equal(["tokenizer", "tokens", "clusters", "coarse", "fine", "bundles"], names);
    }

    [Fact]
    public void Steps_Epochs_AreWholeBatches()
    {
        var plan = Read("""{ "name": "x", "training": { "epochs": 3, "epoch_images": 100, "batch_size": 32 }, "models": [{ "name": "a" }] }""");

        Assert.Equal(9, plan.StepsOf(plan.Models[0]));
    }

    [Fact]
    public void Graph_ModelsThatDifferInTheirFineStage_ShareTheCausalTransformer()
    {
        var plan = Read(
            """{ "name": "x", "models": [{ "name": "a", "clusters": 8 }, { "name": "b", "clusters": 8, "fine_head": "codebook" }, { "name": "c" }] }""");

        var names = new ExperimentGraph(plan, "data", tokenizerFile: null).Jobs.Select(job => job.Name).ToList();

        Assert.Equal(
            ["coarse/8-width-128-layers-4/seed-0", "coarse/all-width-128-layers-4/seed-0"],
            names.Where(name => name.StartsWith("coarse", StringComparison.Ordinal)));
        Assert.Equal(2, names.Count(name => name.StartsWith("fine", StringComparison.Ordinal)));
    }

    [Fact]
    public void Graph_AnotherTrainingSetting_ChangesTheFingerprintsOfItsTrainingAndItsDependents()
    {
        const string Models =
            """ "models": [{ "name": "a", "clusters": 8 }], "tables": [{ "title": "t", "subject": "s", "rows": [{ "label": "a", "model": "a" }] }] """;
        IReadOnlyList<string> Fingerprints(string training)
        {
            var plan = Read($$"""{ "name": "x", "training": {{training}}, {{Models}} }""");
            return [.. new ExperimentGraph(plan, "data", tokenizerFile: null).Jobs.Select(job => $"{job.Name.Split('/')[0]} {job.Fingerprint}")];
        }

        var changed = Fingerprints("""{ "learning_rate": 0.002 }""").Except(Fingerprints("{}")).Select(line => line.Split(' ')[0]);

        Assert.Equal(["coarse", "fine", "evaluations"], changed);
        Assert.Empty(Fingerprints("""{ "checkpoint_every": 7 }""").Except(Fingerprints("{}")));
    }

    [Theory]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "cluster": 8 }] }""", "cluster")]
    [InlineData("""{ "name": "x" }""", "models")]
    [InlineData("""{ "name": "x", "models": [] }""", "models is empty")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }, { "name": "a" }] }""", "'a' 2 times")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "clusters": 1 }] }""", "1 clusters, expected at least 2")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "fine_head": "codebook" }] }""", "is a plain model, but")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "coarse": { "width": 30, "layers": 1, "heads": 4 } }] }""", "multiple of 4 times the heads")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "curve": { "models": ["b"], "steps": [] } }""", "no model 'b'; the models are a")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "curve": { "models": ["a"], "steps": [9999] } }""", "trained for 2000 steps, not 9999")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a", "clusters": 8 }, { "name": "b", "clusters": 8, "fine_head": "codebook", "steps": 5 }] }""",
        "'a', 'b' share a causal transformer")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "coarse": "M" }] }""", "'M' is not a published size; expected one of B, L")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "training": { "epochs": 3 } }""", "only one of epochs and epoch_images")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "training": { "epochs": 3, "epoch_images": 8 } }""", "epoch_images is 8, expected 32")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "training": { "class_dropout": 1 } }""", "class_dropout is 1, expected 0 to 0.99")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "tokenizer": { "published": "VQ-4" } }""", "'VQ-4', expected one of VQ-16, VQ-8")]
    [InlineData("""{ "name": "x", "image_size": 0, "models": [{ "name": "a" }] }""", "image_size is 0")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "tokenizer": { "base_width": 20 } }""", "tokenizer.base_width is 20, expected a multiple of 32")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "tokenizer": { "multipliers": [] } }""", "tokenizer.multipliers has 0 levels")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a" }], "training": { "learning_rate": 0 } }""",
        "training.learning_rate is 0, expected above 0, up to 1")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "training": { "warmup_steps": -1 } }""", "training.warmup_steps is -1")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a", "steps": 0 }] }""", "model 'a': steps is 0")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a" }], "sampling": { "coarse": { "temperature": -1 }, "fine": {} } }""",
        "sampling.coarse.temperature is -1")]
    [InlineData(
        """{ "name": "x", "models": [{ "name": "a" }], "tables": [{ "title": "t", "subject": "s","""
            + """ "rows": [{ "label": "r", "model": "a", "coarse": { "guidance_scale": 0 } }] }] }""",
        "row 'r': coarse.guidance_scale is 0")]
    [InlineData("""{ "name": "x", "models": [{ "name": "a" }], "speed": { "models": ["a"], "batches": [0] } }""", "speed.batches is 0")]
    public void Read_InvalidExperiment_NamesTheProblem(string json, string named)
    {
        var refusal = Assert.Throws<InvalidDataException>(() => Read(json));

        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    private ExperimentPlan Read(string json)
    {
        var path = _folder.File("experiment.json");
        File.WriteAllText(path, json);
        return ExperimentFile.Read(path);
    }
}
