using CtfService.Model.Transformer;
using CtfService.Training.Experiments.Jobs;
using CtfService.Training.Experiments.Plan;
using CtfService.Training.Optimization;
using CtfService.Training.Planning;
using CtfService.Training.Transformer;

namespace CtfService.Training.Experiments;

/// <summary>A transformer that an experiment trains, as a plan needs to know it.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="IsFine">Whether it is the fine stage.</param>
/// <param name="Size">Width, layers and heads.</param>
/// <param name="Data">What it is trained on; classes and, without epochs, images are those of ImageNet.</param>
public sealed record PlannedTraining(string Model, bool IsFine, TransformerSize Size, TrainingOptions Options, PlannedData Data)
{
    /// <summary>Returns the trainings of an experiment, model by model. Reads no data.</summary>
    public static IEnumerable<PlannedTraining> Of(ExperimentPlan plan)
    {
        var tokenizer = plan.Tokenizer.Config();
        foreach (var model in plan.Models)
        {
            var data = PlannedData.ImageNet with
            {
                GridSide = plan.ImageSize / tokenizer.DownsampleFactor,
                Images = plan.Training.EpochImages ?? PlannedData.ImageNet.Images,
                Codewords = tokenizer.CodebookSize,
                Clusters = model.Clusters ?? tokenizer.CodebookSize,
            };
            PlannedTraining Stage(FineHead? head, TransformerSize size) => new(
                model.Name,
                head is not null,
                size,
                StageJob.Options(new StageSettings(head, size, plan.Training, plan.StepsOf(model), [], model.Seeds[0]), folder: ""),
                head == FineHead.Codebook ? data with { LargestCluster = tokenizer.CodebookSize } : data);
            yield return Stage(head: null, model.Coarse ?? plan.Coarse);
            if (!model.IsPlain)
            {
                yield return Stage(model.FineHead, model.Fine ?? plan.Fine);
            }
        }
    }
}
