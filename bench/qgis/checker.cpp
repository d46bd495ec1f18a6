// QGIS' geometry checker without its window: polygons as hexadecimal WKB, one a line, in; overlaps and gaps out.
// A line out: check, number of the polygon and of the other one (from 0, -1 for none), measure. The checks' classes
// are not open to PyQGIS before 3.38, so this is C++; bench/qgis_bench.py builds and runs it.
#include <qgsapplication.h>
#include <qgsfeedback.h>
#include <qgsgeometrycheckcontext.h>
#include <qgsgeometrygapcheck.h>
#include <qgsgeometryoverlapcheck.h>
#include <qgsproject.h>
#include <qgsvectordataproviderfeaturepool.h>
#include <qgsvectorlayer.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>

int main(int argc, char **argv) {
    const int digits = argc > 1 ? std::stoi(argv[1]) : 8;  // the tolerance is 10^-digits, 10^-(digits/2) for areas
    QgsApplication app(argc, argv, false);
    QgsApplication::initQgis();
    QgsVectorLayer layer("MultiPolygon?crs=EPSG:32650", "grids", "memory");
    QgsFeatureList features;
    for (std::string line; std::getline(std::cin, line);) {
        QgsGeometry shape;
        shape.fromWkb(QByteArray::fromHex(QByteArray::fromStdString(line)));
        QgsFeature feature;
        feature.setGeometry(shape);
        features << feature;
    }
    if (!layer.isValid() || !layer.dataProvider()->addFeatures(features)) return 1;
    QgsVectorDataProviderFeaturePool pool(&layer);
    const QMap<QString, QgsFeaturePool *> pools{{layer.id(), &pool}};
    QgsGeometryCheckContext context(digits, layer.crs(), {}, QgsProject::instance());
    QgsGeometryOverlapCheck overlap(&context, {});
    QgsGeometryGapCheck gap(&context, {});
    const auto began = std::chrono::steady_clock::now();
    for (const QgsGeometryCheck *check : std::initializer_list<const QgsGeometryCheck *>{&overlap, &gap}) {
        QList<QgsGeometryCheckError *> errors;
        QStringList messages;
        QgsFeedback feedback;
        check->collectErrors(pools, errors, messages, &feedback);
        for (const QString &message : messages) std::cerr << message.toStdString() << "\n";
        for (QgsGeometryCheckError *error : errors) {
            const auto *both = dynamic_cast<const QgsGeometryOverlapCheckError *>(error);
            const long long one = error->featureId() > 0 ? error->featureId() - 1 : -1;
            const long long other = both ? both->overlappedFeature().featureId() - 1 : -1;
            std::printf("%s %lld %lld %.17g\n", check->id().toStdString().c_str(), one, other, error->value().toDouble());
        }
        qDeleteAll(errors);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("seconds -1 -1 %.6f\n", took.count());
    return 0;
}
