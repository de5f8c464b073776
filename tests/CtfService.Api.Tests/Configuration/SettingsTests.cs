using CtfService.Api.Configuration;
using CtfService.Inference;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Tests.Configuration;

public sealed class SettingsTests
{
    [Fact]
    public void ShippedFile_EverySection_SaysTheDefaultsOfTheCode()
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();

        Assert.Equal(new ModelOptions(), Strictly<ModelOptions>(file, ModelOptions.SectionName));
        Assert.Equal(new InferenceOptions(), Strictly<InferenceOptions>(file, InferenceOptions.SectionName));
        Assert.Equal(new LimitsOptions(), Strictly<LimitsOptions>(file, LimitsOptions.SectionName));
        Assert.Equal("http://localhost:5080", file["Urls"]);
    }

    [Theory]
    [InlineData(typeof(ModelOptions), ModelOptions.SectionName)]
    [InlineData(typeof(InferenceOptions), InferenceOptions.SectionName)]
    [InlineData(typeof(LimitsOptions), LimitsOptions.SectionName)]
    public void ShippedFile_EveryOption_IsThere(Type options, string section)
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();

        var missing = options.GetProperties().Select(property => property.Name).Where(key => file[$"{section}:{key}"] is null);

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("Inference:MaxBatchRows", "1", "Inference:MaxBatchRows is 1; expected between 2 and 4096.")]
    [InlineData("Inference:MaxBatchRows", "4097", "Inference:MaxBatchRows is 4097;")]
    [InlineData("Inference:MaxQueuedImages", "0", "Inference:MaxQueuedImages is 0; expected between 1 and 100000.")]
    [InlineData("Inference:MaxBatchWait", "00:00:11", "Inference:MaxBatchWait is 00:00:11; expected between 00:00:00 and 00:00:10.")]
    [InlineData("Inference:RequestTimeout", "00:00:00", "Inference:RequestTimeout is 00:00:00;")]
    [InlineData("Limits:MaxGuidanceScale", "0.5", "Limits:MaxGuidanceScale is 0.5; expected between 1 and 1000.")]
    [InlineData("Limits:MaxImagesPerRequest", "0", "Limits:MaxImagesPerRequest is 0;")]
    [InlineData("Limits:MaxImagesPerRequest", "65", "Limits:MaxImagesPerRequest is 65; expected at most 64, the value of Inference:MaxQueuedImages.")]
    [InlineData("Model:Bundle", "", "Model:Bundle is empty; expected a value.")]
    public async Task Start_ValueOutOfRange_FailsNamingKeyValueAndRange(string key, string value, string expected)
    {
        await using var api = new TestApi { Settings = { [key] = value } };

        var error = Assert.Throws<OptionsValidationException>(api.Start);

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_KeyIsMisspelt_FailsNamingIt()
    {
        await using var api = new TestApi { Settings = { ["Inference:MaxBatchRow"] = "4" } };

        var error = Assert.Throws<InvalidOperationException>(api.Start);

        Assert.Contains("MaxBatchRow'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ValuesGiven_ReachTheOptions()
    {
        await using var api = new TestApi { Settings = { ["Inference:MaxBatchRows"] = "4", ["Limits:MaxTemperature"] = "1.5" } };
        api.Start();

        Assert.Equal(4, api.Services.GetRequiredService<InferenceOptions>().MaxBatchRows);
        Assert.Equal(1.5f, api.Services.GetRequiredService<LimitsOptions>().MaxTemperature);
    }

    [Fact]
    public async Task Start_NothingGiven_ReadsTheShippedFile()
    {
        await using var api = new TestApi();
        api.Start();

        Assert.Equal("http://localhost:5080", api.Services.GetRequiredService<IConfiguration>()["Urls"]);
    }

    private static TOptions? Strictly<TOptions>(IConfiguration file, string section) =>
        file.GetRequiredSection(section).Get<TOptions>(binder => binder.ErrorOnUnknownConfiguration = true);
}
